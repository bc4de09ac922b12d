/** Preloaded by the programs that tests start. */
import { onOrphaned } from "../../machine/orphan.ts";

onOrphaned(() => process.exit(1));
