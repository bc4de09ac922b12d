import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { cacheKey } from "../../machine/cache.ts";
import { type CommandOptions, run } from "../../machine/command.mjs";
import type { StepControl } from "../../machine/progress.mjs";
import type { GoModule, Program, ProgramName } from "./program-table.ts";

const SOURCES = join(import.meta.dirname, "binaries");
const VERSION = "k8s.io/component-base/version";
/** Without a version stamped in, the API server calls itself v0.0.0 and clients refuse to work with it. */
const LINKER_FLAGS = `-s -w -X ${VERSION}.gitVersion=v1.36.3 -X ${VERSION}.gitMajor=1 -X ${VERSION}.gitMinor=36`;
const FLAGS = ["-trimpath", "-ldflags", LINKER_FLAGS];
/** The cost of linking a program, relative to compiling a package. */
const LINK_WEIGHT = 15;

/** Version of a module that one of our go.mod files requires. */
export async function requiredVersion(module: string, path: string): Promise<string> {
  const text = await readFile(join(SOURCES, module, "go.mod"), "utf8");
  const lines = text.split("\n").map((line) => line.trim().replace(/^require /, ""));
  const version = lines.find((line) => line.startsWith(`${path} v`))?.split(" ")[1];
  if (version === undefined) throw new Error(`e2e/cluster/binaries/${module}/go.mod does not require ${path}`);
  return version;
}

/**
 * Cache key of a program: the pinned modules, our own sources, and the build flags. The version of Go is left out: a cached
 * program is as good as one that the next patch release of Go builds from the same sources.
 */
export async function compiledKey(program: Program): Promise<string> {
  const folder = join(SOURCES, program.module);
  const files = (await readdir(folder, { recursive: true })).filter((file) =>
    /(^|\/)(go\.(mod|sum)|.*\.go)$/.test(file),
  );
  const contents = await Promise.all(files.sort().map((file) => readFile(join(folder, file))));
  return cacheKey([...files, ...contents, FLAGS.join(" "), program.package]);
}

export type Compilation = {
  readonly module: GoModule;
  readonly programs: readonly (readonly [name: ProgramName, program: Program])[];
  /** An empty folder, in which each program appears under its name. */
  readonly target: string;
  /** Folder with the module's own (default: binaries/). */
  readonly sources?: string;
};

/** Compiles programs of one module, several in one run of Go so that packages that they share are compiled once. */
export async function compile(
  { module, programs, target, sources = SOURCES }: Compilation,
  control: StepControl,
): Promise<void> {
  await assertGo();
  const packages = programs.map(([, program]) => program.package);
  const work = { folder: join(sources, module), temporary: join(target, "tmp"), output: join(target, "out") };
  await run("mkdir", ["-p", work.temporary, work.output]);
  const go = (args: readonly string[], options: CommandOptions = {}) =>
    // Go's temporary files are deleted with the target, however this ends. A go.work file of the user's is ignored.
    run("go", args, {
      cwd: work.folder,
      env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOTMPDIR: work.temporary },
      group: true,
      ...options,
    });
  const stale = await countStale(go, packages, work.folder, control);
  const progress = new CompileProgress(control, stale, packages.length);
  const timer = setInterval(() => void countFiles(work.output).then((linked) => progress.linked(linked)), 1_000);
  try {
    await go(["build", ...FLAGS, "-v", "-o", `${work.output}/`, ...packages], {
      onErrorLine: () => progress.compiled(),
    });
    progress.linked(packages.length);
  } finally {
    clearInterval(timer);
  }
  for (const [name, program] of programs) await run("mv", [join(work.output, builtName(program)), join(target, name)]);
  await run("rm", ["-rf", work.temporary, work.output]);
}

/** Go names a program after the last part of its package's path that is not a version. */
function builtName({ package: path }: Program): string {
  return path.split("/").findLast((part) => !/^v\d+$/.test(part)) ?? path;
}

async function assertGo(): Promise<void> {
  await run("go", ["version"]).catch((cause: unknown) => {
    throw new Error(
      "Go is missing: the local Kubernetes is compiled with it. Install Go 1.26 or newer and try again.",
      {
        cause,
      },
    );
  });
}

type Go = (args: readonly string[], options?: CommandOptions) => Promise<string>;

/** How many packages have to be compiled because Go's build cache does not have them. Downloads missing modules. */
async function countStale(go: Go, packages: readonly string[], folder: string, control: StepControl): Promise<number> {
  const sums = await readFile(join(folder, "go.sum"), "utf8");
  const all = sums.split("\n").filter((line) => line !== "" && !line.includes("/go.mod ")).length;
  let downloaded = 0;
  control.update("looking at what is there");
  const stale = await go(["list", "-deps", ...FLAGS, "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", ...packages], {
    onErrorLine: (line) => {
      if (!line.startsWith("go: downloading ")) return;
      downloaded += 1;
      control.update(`${downloaded} of at most ${all} modules downloaded`);
    },
  });
  // Go also calls a program stale that is compiled and only has to be linked.
  return stale.split("\n").filter((line) => line !== "" && !packages.includes(line)).length;
}

async function countFiles(folder: string): Promise<number> {
  const files = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    files.map((file) =>
      stat(join(folder, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.filter((size) => size > 0).length;
}

class CompileProgress {
  readonly #control: StepControl;
  readonly #packages: number;
  readonly #programs: number;
  #compiled = 0;
  #linked = 0;

  constructor(control: StepControl, packages: number, programs: number) {
    this.#control = control;
    this.#packages = packages;
    this.#programs = programs;
  }

  compiled(): void {
    this.#compiled = Math.min(this.#packages, this.#compiled + 1);
    this.#tell();
  }

  linked(count: number): void {
    this.#linked = count;
    this.#tell();
  }

  #tell(): void {
    const all = this.#packages + LINK_WEIGHT * this.#programs;
    const details = [
      ...(this.#packages === 0 ? [] : [`${this.#compiled} of ${this.#packages} packages`]),
      ...(this.#programs === 1 ? [] : [`${this.#linked} of ${this.#programs} programs`]),
    ];
    this.#control.reached((this.#compiled + LINK_WEIGHT * this.#linked) / all, details.join(", "));
  }
}
