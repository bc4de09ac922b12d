import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { cached, cacheKey } from "../../machine/cache.ts";
import { run } from "../../machine/command.mjs";
import { type Progress, progress } from "../../machine/progress.mjs";

const SOURCES = join(import.meta.dirname, "binaries");
const VERSION = "k8s.io/component-base/version";
/** Without a version stamped in, the API server calls itself v0.0.0 and clients refuse to work with it. */
const LINKER_FLAGS = `-s -w -X ${VERSION}.gitVersion=v1.36.3 -X ${VERSION}.gitMajor=1 -X ${VERSION}.gitMinor=36`;
const BUILD = ["build", "-trimpath", "-ldflags", LINKER_FLAGS];

const TITLES = {
  kubernetes: "Kubernetes binaries",
  etcd: "etcd binary",
  helm: "Helm binary",
  "network-policies": "network policy agent",
} as const;

/** `go build` names a command after the last path element that is not a version suffix. */
const NAMES: Readonly<Partial<Record<BinaryModule, readonly [built: string, name: string]>>> = {
  etcd: ["server", "etcd"],
  "network-policies": ["cmd", "kube-network-policies"],
};

export type BinaryModule = keyof typeof TITLES;

/** Builds (or finds) the tools of one pinned Go module and returns the folder that holds them. */
export function binaries(module: BinaryModule, steps: Progress = progress): Promise<string> {
  return steps.step(TITLES[module], async ({ update, cached: markCached }) => {
    const source = join(SOURCES, module);
    const version = await goVersion(source);
    const inputs = await Promise.all(["go.mod", "go.sum"].map((file) => readFile(join(source, file))));
    const { folder, hit } = await cached({
      kind: `binaries/${module}`,
      key: cacheKey([...inputs, BUILD.join(" "), version]),
      build: (target) => build(module, target, update),
    });
    if (hit) markCached();
    return folder;
  });
}

async function goVersion(cwd: string): Promise<string> {
  try {
    return (await run("go", ["env", "GOVERSION"], { cwd })).trim();
  } catch (cause) {
    throw new Error("Go is missing: the local Kubernetes is built with it. Install Go 1.26 or newer and try again.", {
      cause,
    });
  }
}

async function build(module: BinaryModule, target: string, update: (detail: string) => void): Promise<void> {
  const source = join(SOURCES, module);
  const env = { ...process.env, CGO_ENABLED: "0" };
  update("reading modules");
  const all = (await run("go", ["list", "-deps", "tool"], { cwd: source, env })).trim().split("\n").length;
  let compiled = 0;
  await run("go", [...BUILD, "-v", "-o", `${target}/`, "tool"], {
    cwd: source,
    env,
    onErrorLine: () => {
      compiled += 1;
      update(`${compiled} of at most ${all} packages compiled`);
    },
  });
  const renamed = NAMES[module];
  if (renamed) await rename(join(target, renamed[0]), join(target, renamed[1]));
}
