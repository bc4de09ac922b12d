import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePorts } from "../e2e/cluster/free-ports.ts";
import { waitFor } from "../e2e/cluster/wait.ts";
import { cached, cacheKey } from "../machine/cache.ts";
import { run } from "../machine/command.mjs";
import { progress } from "../machine/progress.mjs";
import { apiVersionOf } from "../operator/runtime/resource-type.ts";
import { bareChildren } from "./bare.ts";
import { cpuSecondsOf, memoryOf } from "./process-usage.ts";

const sources = join(import.meta.dirname, "reference/controller-runtime");

/** Stands in the templates where the name of a resource belongs; main.go knows it. */
const placeholder = "placeholder";

/** The operator that Go's controller-runtime makes of the same children, built on first use. */
export function referenceProgram(): Promise<string> {
  return progress.step("reference operator in Go", async ({ cached: markCached }) => {
    const files = (await readdir(sources)).toSorted();
    const contents = await Promise.all(files.map((file) => readFile(join(sources, file))));
    const build = async (target: string) => {
      const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-modcacherw", GOWORK: "off" };
      await run("go", ["build", "-trimpath", "-ldflags", "-s -w", "-o", join(target, "reference"), "."], {
        ...{ cwd: sources, env, group: true },
      });
    };
    const { folder, hit } = await cached({ kind: "bench/reference", key: cacheKey([...files, ...contents]), build });
    if (hit) markCached();
    return join(folder, "reference");
  });
}

/** The children of a resource, for the reference to fill in. */
export function writeTemplates(path: string): void {
  const templates = bareChildren(placeholder).map(({ type, object }) => {
    const { namespace: _, ...metadata } = object.metadata;
    return { ...object, apiVersion: apiVersionOf(type), kind: type.kind, metadata };
  });
  writeFileSync(path, JSON.stringify(templates));
}

export type ReferenceOptions = {
  readonly program: string;
  readonly kubeconfig: string;
  readonly templates: string;
  readonly log: string;
};

/** The reference as a process of its own, outside the cluster. */
export class ReferenceProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once("exit", resolve));
  }

  static async start({ program, kubeconfig, templates, log: path }: ReferenceOptions): Promise<ReferenceProcess> {
    const [port] = await freePorts(1);
    const probes = `127.0.0.1:${port}`;
    const log = openSync(path, "a");
    const child = spawn(program, ["--kubeconfig", kubeconfig, "--templates", templates, "--probes", probes], {
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    const kill = () => child.kill();
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    const reference = new ReferenceProcess(child);
    const isReady = async () => {
      if (child.exitCode !== null) throw new Error(`the reference ended as soon as it began (log: ${path})`);
      return fetch(`http://${probes}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    await waitFor(isReady, { what: `the reference (log: ${path})`, timeoutMs: 60_000 });
    return reference;
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.#child.pid);
  }

  /** The most that it ever had, MiB. */
  peakRss(): number {
    return memoryOf(this.#child.pid, "VmHWM");
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGTERM");
    await this.#ended;
  }
}
