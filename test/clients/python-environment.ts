import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, cacheKey } from "../../machine/cache.ts";
import { run } from "../../machine/command.mjs";
import { type Progress, progress } from "../../machine/progress.mjs";

/** A Python with the libraries of a requirements.txt, or why there is none here. */
export type PythonEnvironment = { readonly python: string } | { readonly obstacle: string };

export type Interpreter = { readonly path: string; readonly version: readonly [number, number] };

type Execute = (command: string, args: readonly string[]) => Promise<string>;

/** A folder with a requirements.txt below this one, and what it has for people. */
type Libraries = { readonly folder: string; readonly name: string };

/** The oldest one that each requirements.txt was resolved for. */
const OLDEST_MINOR = 11;
/** Debian has ensurepip in a package of its own, and venv does not work without it. */
const PROBE = "import ensurepip, json, sys, venv; print(json.dumps([sys.executable, *sys.version_info[:2]]))";

/** Installs the libraries in a virtual environment in the cache, with the checksums of requirements.txt. */
export async function pythonEnvironment(
  { folder: source, name }: Libraries,
  steps: Progress = progress,
): Promise<PythonEnvironment> {
  const interpreter = await findInterpreter();
  if ("obstacle" in interpreter) return interpreter;
  const { path, version } = interpreter;
  const requirementsFile = join(import.meta.dirname, source, "requirements.txt");
  const requirements = await readFile(requirementsFile);
  const entry = { kind: `clients/${source}`, key: cacheKey([requirements, path, version.join("."), process.arch]) };
  return steps.step(name, async (control) => {
    const build = (target: string) => install(path, target, requirementsFile);
    const { folder, hit } = await cached({ ...entry, keep: 2, build });
    if (hit) control.cached();
    return { python: join(folder, "bin/python") };
  });
}

/** The first Python 3.11 or newer that can make virtual environments. */
export async function findInterpreter(
  candidates: readonly string[] = ["python3", "/usr/bin/python3"],
  execute: Execute = run,
): Promise<Interpreter | { readonly obstacle: string }> {
  const reasons: string[] = [];
  for (const candidate of candidates) {
    try {
      const [path, major, minor] = JSON.parse(await execute(candidate, ["-c", PROBE])) as [string, number, number];
      if (major === 3 && minor >= OLDEST_MINOR) return { path, version: [major, minor] };
      reasons.push(`${candidate} is ${major}.${minor}`);
    } catch (error) {
      reasons.push((error as Error).message.trim().split("\n").at(-1) ?? candidate);
    }
  }
  const found = [...new Set(reasons)].join("; ");
  return { obstacle: `no Python 3.${OLDEST_MINOR} or newer with venv; on Debian, install python3-venv (${found})` };
}

async function install(interpreter: string, target: string, requirementsFile: string): Promise<void> {
  await run(interpreter, ["-m", "venv", target], { group: true });
  // Wheels only: nothing that was downloaded runs before its checksum is known, and no compiler is needed.
  const options = ["--quiet", "--no-input", "--disable-pip-version-check", "--require-hashes", "--only-binary=:all:"];
  const requirements = join(target, "requirements.txt");
  await copyFile(requirementsFile, requirements);
  const pip = ["-m", "pip", "install", ...options, "--no-deps", "--requirement", requirements];
  await run(join(target, "bin/python"), pip, { group: true });
}
