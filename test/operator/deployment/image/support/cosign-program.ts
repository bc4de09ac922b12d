import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, cacheKey, findCached } from "../../../../../machine/cache.ts";
import { run } from "../../../../../machine/command.mjs";

const sources = join(import.meta.dirname, "../cosign");
const flags = ["-trimpath", "-ldflags", "-s -w"];

async function entry() {
  const files = await Promise.all(["go.mod", "go.sum"].map((file) => readFile(join(sources, file))));
  return { kind: "programs/cosign", key: cacheKey([...files, ...flags]) };
}

/** The real cosign, if `npm run build:cosign` has been run on this machine. */
export async function findCosign(): Promise<string | undefined> {
  const folder = await findCached(await entry());
  return folder && join(folder, "cosign");
}

/** Compiles cosign with Go: some minutes, and a quarter of an hour on a slow machine. */
export async function buildCosign(): Promise<string> {
  const build = async (target: string) => {
    const env = { ...process.env, GOWORK: "off" };
    const program = "github.com/sigstore/cosign/v2/cmd/cosign";
    await run("go", ["build", ...flags, "-o", join(target, "cosign"), program], { cwd: sources, env, group: true });
  };
  const { folder } = await cached({ ...(await entry()), build });
  return join(folder, "cosign");
}
