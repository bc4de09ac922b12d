import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environmentOf, nodeArguments } from "../images/image-definition.ts";
import { createMemoryLimit, type MemoryLimit } from "./memory-limit.ts";

const ROOT = join(import.meta.dirname, "..");
const START_TIMEOUT_MS = 20_000;

/** The image of a role, and the line of its log by which it says that it works. */
const images = {
  serve: { image: "server", args: ["serve"], started: "ready to work" },
  bridge: { image: "server", args: ["bridge"], started: "ready to work" },
  operator: { image: "operator", args: [], started: "operator started" },
} as const;

/** A program of an image under the memory limit of its pod. */
export type Program = {
  /** Where it listens, by name: "http", "bridge", "metrics". */
  readonly addresses: Readonly<Record<string, string>>;
  isAlive(): boolean;
  /** Why it has ended, or "". */
  ending(): string;
  /** Resident memory now and at its highest, in MiB; at its end, what the kernel counted. */
  memory(): { readonly now: number; readonly peak: number };
  log(): string;
  stop(): Promise<void>;
};

export type ProgramOptions = {
  readonly role: keyof typeof images;
  /** MiB. */
  readonly memory: number;
  readonly env: Readonly<Record<string, string>>;
};

/** Starts the bundle as the image does, and resolves when it is ready to work. */
export async function startProgram({ role, memory, env }: ProgramOptions): Promise<Program> {
  const limit = createMemoryLimit(memory);
  const enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
  const { image, args, started } = images[role];
  const main = join(ROOT, "dist", image, "main.js");
  const command = [process.execPath, ...nodeArguments(image), main, ...args];
  const child = spawn("sh", ["-c", enter, limit.folder, ...command], {
    env: { PATH: process.env.PATH ?? "", ...environmentOf(image), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => {
    child.kill("SIGKILL");
    limit.remove();
  };
  // Before what is in use by it is removed.
  process.prependOnceListener("exit", kill);
  const log = collect(child);
  const stop = async () => {
    process.off("exit", kill);
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "close");
    limit.remove();
  };
  try {
    const addresses = await ready(child, log, started);
    return { addresses, stop, log: () => log.text, ...observed(child, limit) };
  } catch (error) {
    await stop();
    throw error;
  }
}

function collect({ stdout, stderr }: ChildProcess): { text: string } {
  const log = { text: "" };
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      log.text += text;
    });
  }
  return log;
}

async function ready(child: ChildProcess, log: { text: string }, message: string): Promise<Record<string, string>> {
  const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
  for (;;) {
    const line = log.text.split("\n").find((candidate) => candidate.includes(`"msg":"${message}"`));
    if (line) return JSON.parse(line) as Record<string, string>;
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`did not start: ${log.text}`);
    await Promise.race([once(child, "close"), once(child.stdout ?? child, "data", { signal: deadline })]);
  }
}

function observed(child: ChildProcess, limit: MemoryLimit): Pick<Program, "isAlive" | "ending" | "memory"> {
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  return {
    isAlive,
    ending: () => (isAlive() ? "" : `ended with ${child.signalCode ?? child.exitCode}`),
    memory: () => {
      const status = isAlive() ? readFileSync(`/proc/${child.pid}/status`, "utf8") : "";
      const mebibytes = (field: string) => {
        const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
        return kibibytes === undefined ? limit.peak() : Math.round(Number(kibibytes) / 1024);
      };
      return { now: mebibytes("VmRSS"), peak: mebibytes("VmHWM") };
    },
  };
}
