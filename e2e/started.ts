import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";

/** `npm start`, as a person has it. */
export type Started = {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
};

export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn("node", ["setup.mjs", "start", ...args], { env: { ...process.env, ...env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  return { child, output: () => output, ended: new Promise((resolve) => child.once("close", resolve)) };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "start-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Fails at once, with the whole output, when the program ends before. */
export const shows = ({ output, ended }: Started, text: string) =>
  Promise.race([
    expect.poll(output, { timeout: 240_000, interval: 500 }).toContain(text),
    ended.then(() => expect(output()).toContain(text)),
  ]);

/** Commands that contain a folder in their arguments or in their environment. */
export function processesNaming(folder: string): string[] {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.map(commandOf).filter((command) => command.includes(`${folder}/`));
}

export function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    // The process has ended in the meantime.
    return "";
  }
}
