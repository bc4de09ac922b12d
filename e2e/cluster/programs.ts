import { rename } from "node:fs/promises";
import { join } from "node:path";
import { cached, findCached } from "../../machine/cache.ts";
import { type Progress, progress } from "../../machine/progress.mjs";
import { compile, compiledKey } from "./go-module.ts";
import { type GoModule, goModules, type ProgramName, programTable } from "./program-table.ts";
import { downloadReleases, type Releases, releaseEntry, releaseFile, releaseFiles, releasesOf } from "./releases.ts";

/** Where programs are on disk. Throws for a program that was not requested. */
export type PathOf = (name: ProgramName) => string;

export type ProgramOptions = {
  readonly steps?: Progress;
  readonly releases?: Releases;
};

/**
 * Provides programs: cached ones as they are, others by downloading pinned official releases, and the rest by
 * compiling.
 */
export async function programs(names: readonly ProgramName[], options: ProgramOptions = {}): Promise<PathOf> {
  const { steps = progress, releases = await releasesOf() } = options;
  const missing = await missingPrograms(names, releases);
  if (missing.length === 0) await steps.step("programs of the cluster", async ({ cached: markCached }) => markCached());
  else await obtain(missing, releases, steps);
  const found = new Map<ProgramName, string>();
  for (const name of names) {
    const path = await find(name, releases);
    if (path !== undefined) found.set(name, path);
  }
  return (name) => found.get(name) ?? neverAsked(name);
}

/** One program, without a progress line if it is cached. */
export async function program(name: ProgramName, steps: Progress = progress): Promise<string> {
  const releases = await releasesOf();
  return (await find(name, releases)) ?? (await programs([name], { steps, releases }))(name);
}

function neverAsked(name: ProgramName): never {
  throw new Error(`the program ${name} is not there: name it where programs are asked for`);
}

/** Those that have to be downloaded or compiled. */
export async function missingPrograms(names: readonly ProgramName[], releases: Releases): Promise<ProgramName[]> {
  const found = await Promise.all(names.map((name) => find(name, releases)));
  return names.filter((_, index) => found[index] === undefined);
}

/** Those without a pinned release: they need a compiler. */
export async function withoutRelease(names: readonly ProgramName[], releases: Releases): Promise<ProgramName[]> {
  const files = await Promise.all(names.map((name) => releaseFile(programTable[name], releases)));
  return names.filter((_, index) => files[index]?.sha256 === undefined);
}

async function find(name: ProgramName, releases: Releases): Promise<string | undefined> {
  const compiled = await findCached(await compiledEntry(name, releases.cacheRoot));
  const file = await releaseFile(programTable[name], releases);
  const folder =
    compiled ?? (file?.sha256 === undefined ? undefined : await findCached(releaseEntry(file, releases.cacheRoot)));
  return folder === undefined ? undefined : join(folder, name);
}

async function compiledEntry(name: ProgramName, root: string | undefined) {
  return {
    kind: `programs/${name}`,
    key: await compiledKey(programTable[name]),
    ...(root === undefined ? {} : { root }),
  };
}

async function obtain(missing: readonly ProgramName[], releases: Releases, steps: Progress): Promise<void> {
  const files = await releaseFiles(missing, releases);
  await downloadReleases(files, releases, steps);
  const left = await missingPrograms(missing, releases);
  tellUnpinned(files, steps);
  for (const module of Object.keys(goModules) as GoModule[]) {
    const ofModule = left.filter((name) => programTable[name].module === module);
    if (ofModule.length > 0) await compileAll(module, ofModule, releases.cacheRoot, steps);
  }
}

function tellUnpinned(
  files: readonly { readonly path: string; readonly sha256: string | undefined }[],
  steps: Progress,
) {
  const unpinned = files.filter(({ sha256 }) => sha256 === undefined).map(({ path }) => path.replace(/^.*\//, ""));
  if (unpinned.length === 0) return;
  steps.note(`        without a pinned checksum, so compiled (npm run pin-releases): ${unpinned.join(", ")}`);
}

/** The programs of a module are compiled in one run, and cached one by one. */
function compileAll(
  module: GoModule,
  names: readonly ProgramName[],
  root: string | undefined,
  steps: Progress,
): Promise<void> {
  const title = `compile ${goModules[module]}: ${names.length === 1 ? names[0] : `${names.length} programs`}`;
  return steps.step(title, async (control) => {
    const [first, ...others] = names;
    if (first === undefined) return;
    const chosen = names.map((name) => [name, programTable[name]] as const);
    await cached({
      ...(await compiledEntry(first, root)),
      build: async (target) => {
        await compile({ module, programs: chosen, target }, control);
        for (const name of others) {
          const build = (folder: string) => rename(join(target, name), join(folder, name));
          await cached({ ...(await compiledEntry(name, root)), build });
        }
      },
    });
  });
}
