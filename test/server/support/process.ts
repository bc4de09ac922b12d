import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const programs = {
  /** The image's program. */
  image: fileURLToPath(new URL("../../../server/main.ts", import.meta.url)),
  /** The same in one file, as the image has it; `bundle` makes it. */
  bundle: fileURLToPath(new URL("../../../dist/server/main.js", import.meta.url)),
  /** The role `serve` with tools that ask, take their time and so on. */
  conformance: fileURLToPath(new URL("../../../conformance/server.ts", import.meta.url)),
};

export type Process = {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves with the first log line that has this message, when it comes. */
  logged(message: string): Promise<Record<string, string>>;
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
};

/** Where Node keeps what it has compiled is nothing that a program is told. */
const ofNode = process.env.NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE } : {};

/** Starts a program, by default the image's, in a process of its own, with this environment and no other. */
export function startProcess(
  args: readonly string[],
  env: Record<string, string> = {},
  program: keyof typeof programs = "image",
): Process {
  const child = spawn(process.execPath, [programs[program], ...args], {
    env: { PATH: process.env.PATH ?? "", ...ofNode, ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const exited = once(child, "close").then(([code]) => code as number | null);
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
    async logged(message) {
      for (;;) {
        const line = stdout.split("\n").find((candidate) => candidate.includes(`"msg":"${message}"`));
        if (line !== undefined) return JSON.parse(line);
        const ended = child.exitCode ?? child.signalCode;
        if (ended !== null) throw new Error(`exited with ${ended} before '${message}': ${stderr}`);
        await Promise.race([once(child.stdout, "data"), exited]);
      }
    },
  };
}
