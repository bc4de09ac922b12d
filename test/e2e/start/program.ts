import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";

/** A program of `e2e/start/` with its own home and temporary folder, to see what it leaves. */
export type Program = {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  readonly folder: string;
  /** Waits until it has printed that, and returns its whole output; fails at once when it ends before. */
  readonly shows: (text: string | RegExp) => Promise<string>;
  /** Processes that name the folder in their environment, and files below it. */
  readonly leftovers: () => string[];
};

export function startProgram(file: string, args: readonly string[] = [], env: Record<string, string> = {}): Program {
  const folder = mkdtempSync(join(tmpdir(), "start-"));
  const child = spawn(process.execPath, [join(import.meta.dirname, "../../../e2e/start", file), ...args], {
    env: {
      PATH: process.env.PATH ?? "",
      HOME: folder,
      TMPDIR: folder,
      CCTELEGRAM_STATE: join(folder, "state"),
      ...env,
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const ended = once(child, "close").then(([code]) => code as number | null);
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  const shows = async (text: string | RegExp) => {
    await vi.waitFor(
      () => {
        if (output.search(text) < 0) throw new Error(`${text} is not in:\n${output}`);
      },
      { timeout: 60_000, interval: 50 },
    );
    return output;
  };
  return { child, output: () => output, ended, folder, shows, leftovers: () => leftovers(folder) };
}

function leftovers(folder: string): string[] {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  const processes = pids.filter((pid) => read(`/proc/${pid}/environ`).includes(`${folder}`));
  const files = readdirSync(folder).filter((name) => name !== ".cache");
  return [...processes.map((pid) => read(`/proc/${pid}/cmdline`).replaceAll("\0", " ")), ...files];
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process has ended in the meantime.
    return "";
  }
}
