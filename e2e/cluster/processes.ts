import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identify, isAlive, type ProcessIdentity, signal } from "./process-identity.ts";
import { waitFor } from "./wait.ts";

export type ProcessSpec = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Folders searched for commands before the system's. */
  readonly path?: readonly string[];
  /** Environment variables in addition to those that every process has. */
  readonly env?: Readonly<Record<string, string>>;
  /** Network namespace to run in. Default: the machine's own. */
  readonly namespace?: string;
};

type ProcessRecord = ProcessSpec & ProcessIdentity;

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const LOG_TAIL_LINES = 8;

/** `ip netns exec` would remount /sys and hide the cgroups, hence nsenter. It replaces itself: the pid stays the same. */
export function inNamespace(namespace: string | undefined, command: string, args: readonly string[]): string[] {
  return namespace === undefined ? [command, ...args] : ["nsenter", `--net=/run/netns/${namespace}`, command, ...args];
}

/** The long-running processes of one cluster. They outlive their starter; what is needed to stop them is on disk. */
export class Processes {
  readonly #folder: string;
  readonly #logs: string;

  constructor(folder: string, logs: string) {
    this.#folder = folder;
    this.#logs = logs;
  }

  start(spec: ProcessSpec): void {
    mkdirSync(this.#folder, { recursive: true });
    mkdirSync(this.#logs, { recursive: true });
    const log = openSync(this.log(spec.name), "a");
    const [command = "", ...args] = inNamespace(spec.namespace, spec.command, spec.args);
    // The environment is not inherited: a proxy setting of the user's would send the components' requests out of the cluster.
    // Garbage collection is a third of the work of starting an API server; memory is cheaper.
    const path = [...(spec.path ?? []), SYSTEM_PATH].join(":");
    const env = { PATH: path, HOME: this.#folder, TZ: "UTC", GOGC: "400", ...spec.env };
    const child = spawn(command, args, { detached: true, stdio: ["ignore", log, log], env, cwd: this.#folder });
    closeSync(log);
    child.on("error", () => undefined);
    const { pid } = child;
    if (pid === undefined) {
      throw new Error(`${spec.name} did not start: ${spec.command} cannot be run${this.#tail(spec.name)}`);
    }
    // One that has ended already gets a start time that no process has.
    this.#save({ ...spec, ...(identify(pid) ?? { pid, startTime: "" }) });
    child.unref();
  }

  list(): readonly ProcessRecord[] {
    try {
      const files = readdirSync(this.#folder).filter((file) => file.endsWith(".json"));
      return files.map((file) => JSON.parse(readFileSync(join(this.#folder, file), "utf8")) as ProcessRecord);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  log(name: string): string {
    return join(this.#logs, `${name}.log`);
  }

  isAlive(name: string): boolean {
    return isAlive(this.#find(name));
  }

  /** Throws with the end of its log when the process is gone. */
  assertAlive(name: string): void {
    if (!this.isAlive(name)) throw new Error(`${name} stopped by itself${this.#tail(name)}`);
  }

  /** SIGTERM, then SIGKILL after the grace time. Does nothing if the process has already ended. */
  async stop(name: string, graceMs = 3_000): Promise<void> {
    const record = this.#find(name);
    signal(record, "SIGTERM");
    const isGone = () => !isAlive(record);
    await waitFor(isGone, { what: name, timeoutMs: graceMs, everyMs: 20 }).catch(() => this.kill(name));
  }

  async kill(name: string): Promise<void> {
    const record = this.#find(name);
    signal(record, "SIGKILL");
    await waitFor(() => !isAlive(record), {
      what: `${name} (pid ${record.pid}) to end`,
      timeoutMs: 10_000,
      everyMs: 10,
    });
  }

  /**
   * Kills what was started here and has no record: whoever started it was killed between the start and the record. Linux only;
   * elsewhere the environment of another process cannot be read.
   */
  async killUnrecorded(): Promise<void> {
    const recorded = new Set(this.list().map(({ pid }) => pid));
    const found = withHome(this.#folder).filter(({ pid }) => !recorded.has(pid));
    for (const process of found) signal(process, "SIGKILL");
    const areGone = () => !found.some(isAlive);
    const what = "processes without a record to end";
    await waitFor(areGone, { what, timeoutMs: 5_000, everyMs: 20 }).catch(() => undefined);
  }

  /** Starts a process again with the same arguments, after stopping it if it still runs. */
  async restart(name: string): Promise<void> {
    await this.stop(name);
    this.start(this.#find(name));
  }

  forget(name: string): void {
    rmSync(join(this.#folder, `${name}.json`), { force: true });
  }

  #find(name: string): ProcessRecord {
    const record = this.list().find((candidate) => candidate.name === name);
    if (!record) {
      const known = this.list().map((candidate) => candidate.name);
      throw new Error(`the cluster has no process "${name}", only ${known.join(", ") || "none at all"}`);
    }
    return record;
  }

  #save(record: ProcessRecord): void {
    const file = join(this.#folder, `${record.name}.json`);
    writeFileSync(`${file}.new`, JSON.stringify(record));
    renameSync(`${file}.new`, file);
  }

  #tail(name: string): string {
    try {
      const lines = readFileSync(this.log(name), "utf8").trim().split("\n").slice(-LOG_TAIL_LINES);
      return `; ${this.log(name)} ends with:\n${lines.join("\n")}`;
    } catch {
      return "";
    }
  }
}

/** Each process has this in its environment from its first moment. */
function withHome(folder: string): ProcessIdentity[] {
  if (process.platform !== "linux") return [];
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.flatMap((pid) =>
    environmentOf(pid).includes(`HOME=${folder}`) ? [identify(Number(pid)) ?? []].flat() : [],
  );
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}
