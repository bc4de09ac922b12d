import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, cacheKey } from "../../machine/cache.ts";
import { run } from "../../machine/command.mjs";
import { type Progress, progress } from "../../machine/progress.mjs";

const FOLDER = join(import.meta.dirname, "npm");
const FILES = ["package.json", "package-lock.json"];

/**
 * Installs the clients of `npm/package.json` in the cache and returns their folder. Not in `node_modules`: they bring 240
 * packages, a browser's interface and a keyring among them, and other versions of what is there.
 */
export async function npmClients(steps: Progress = progress): Promise<string> {
  const inputs = await Promise.all(FILES.map((file) => readFile(join(FOLDER, file))));
  return steps.step("clients from npm", async (control) => {
    const entry = { kind: "clients/npm", key: cacheKey([...inputs, process.platform, process.arch]) };
    const { folder, hit } = await cached({ ...entry, keep: 2, build: install });
    if (hit) control.cached();
    return join(folder, "node_modules");
  });
}

async function install(target: string): Promise<void> {
  for (const file of FILES) await copyFile(join(FOLDER, file), join(target, file));
  // What is optional are native addons; nothing that runs here needs them, nor any script.
  const options = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"];
  await run("npm", ["ci", ...options], { cwd: target, group: true });
}
