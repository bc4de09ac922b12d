import { buildCosign } from "./support/cosign-program.ts";

console.log(await buildCosign());
