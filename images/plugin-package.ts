import { createHash } from "node:crypto";
import { chmod, copyFile, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../machine/command.mjs";

const ROOT = join(import.meta.dirname, "..");
const FOLDER = join(ROOT, "dist/plugin");

/** kubectl runs it for completion: words of the command line as arguments, candidates as lines, at the end what the shell should do. */
const COMPLETE = `#!/usr/bin/env node
process.argv.splice(2, 0, "__complete", "--");
await import("./kubectl-cctelegram.js");
// No names of files.
process.stdout.write(":4\\n");
`;

/** The archive of the plugin's package, with the version that it has. */
export type PluginArchive = { readonly path: string; readonly version: string };

/** Makes an npm package of the bundled plugin in `dist/plugin/`, and packs it into an archive in `dist/`, which krew takes, too. */
export async function packPlugin(): Promise<PluginArchive> {
  const { version, license } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  await rename(join(FOLDER, "main.js"), join(FOLDER, "kubectl-cctelegram.js"));
  await rename(join(FOLDER, "main.js.LEGAL.txt"), join(FOLDER, "LICENSES.txt"));
  await writeFile(join(FOLDER, "kubectl_complete-cctelegram.js"), COMPLETE);
  for (const name of ["kubectl-cctelegram.js", "kubectl_complete-cctelegram.js"])
    await chmod(join(FOLDER, name), 0o755);
  await copyFile(join(ROOT, "LICENSE"), join(FOLDER, "LICENSE"));
  await copyFile(join(ROOT, "plugin/README.md"), join(FOLDER, "README.md"));
  await writeFile(join(FOLDER, "package.json"), `${JSON.stringify(manifest(version, license), null, 2)}\n`);
  const packed = JSON.parse(await run("npm", ["pack", FOLDER, "--json", "--pack-destination", join(ROOT, "dist")]));
  const path = join(ROOT, `dist/kubectl-cctelegram-${version}.tar.gz`);
  await rm(path, { force: true });
  await rename(join(ROOT, "dist", fileNameOf(packed)), path);
  return { path, version };
}

/** npm 11 lists what it packed; npm 12 names it. */
function fileNameOf(packed: unknown): string {
  const [first] = Object.values(packed as object) as { filename: string }[];
  if (first === undefined) throw new Error("npm packed nothing");
  return first.filename;
}

const manifest = (version: string, license: string) => ({
  name: "kubectl-cctelegram",
  version,
  description: "kubectl cctelegram: operate CCTelegram on Kubernetes",
  license,
  type: "module",
  engines: { node: ">=22.12" },
  bin: {
    "kubectl-cctelegram": "kubectl-cctelegram.js",
    "kubectl_complete-cctelegram": "kubectl_complete-cctelegram.js",
  },
  files: ["kubectl-cctelegram.js", "kubectl_complete-cctelegram.js", "LICENSES.txt"],
});

/** The manifest for an index of krew, filled in from `plugin/krew.yaml`: `dist/cctelegram.yaml`. Returns its path. */
export async function writeKrewManifest({ path, version }: PluginArchive, url: string): Promise<string> {
  const sha256 = createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
  const template = await readFile(join(ROOT, "plugin/krew.yaml"), "utf8");
  const values: Readonly<Record<string, string>> = { VERSION: version, URL: new URL(url).href, SHA256: sha256 };
  const target = join(ROOT, "dist/cctelegram.yaml");
  await writeFile(
    target,
    template.replace(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole),
  );
  return target;
}
