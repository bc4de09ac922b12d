import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createMemoryLimit, type MemoryLimit } from "./memory-limit.ts";

const ROOT = join(import.meta.dirname, "..");
const START_TIMEOUT_MS = 20_000;

/** A program of the server image under the memory limit of its pod. */
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
  readonly role: "serve" | "bridge";
  /** MiB. */
  readonly memory: number;
  readonly env: Readonly<Record<string, string>>;
};

/** Starts the bundle as the image does, and resolves when it is ready to work. */
export async function startProgram({ role, memory, env }: ProgramOptions): Promise<Program> {
  const limit = createMemoryLimit(memory);
  const enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
  const child = spawn("sh", ["-c", enter, limit.folder, ...entrypoint(), role], {
    env: { PATH: process.env.PATH ?? "", ...imageEnvironment(), ...env },
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
    const addresses = await ready(child, log);
    return { addresses, stop, log: () => log.text, ...observed(child, limit) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The ENTRYPOINT of the image, with this machine's Node and the bundle that goes into the image. */
function entrypoint(): string[] {
  const line = [...serverStages().matchAll(/^ENTRYPOINT (\[.*\])$/gm)].at(-1)?.[1];
  const words = JSON.parse(line ?? "[]") as string[];
  if (words[0] !== "node" || words.at(-1) !== "/app/main.js") throw new Error(`unknown ENTRYPOINT: ${line}`);
  return [process.execPath, ...words.slice(1, -1), join(ROOT, "dist/server/main.js")];
}

function imageEnvironment(): Record<string, string> {
  return Object.fromEntries([...serverStages().matchAll(/^ENV (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
}

/** The part of the Dockerfile that the server image is made by: its own stage and the one before. */
function serverStages(): string {
  const [stages = ""] = readFileSync(join(ROOT, "Dockerfile"), "utf8").split(/^FROM .* AS (?=operator|telegram)/m);
  return stages;
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

async function ready(child: ChildProcess, log: { text: string }): Promise<Record<string, string>> {
  const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
  for (;;) {
    const line = log.text.split("\n").find((candidate) => candidate.includes('"msg":"ready to work"'));
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
