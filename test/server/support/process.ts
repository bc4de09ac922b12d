import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { endsWithWorker } from "../../support/ends-with-worker.ts";
import { type ProgramName, programOf } from "../../support/programs.ts";

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

/** The machine may be busy with other tests: a server refuses nothing because it was held up, unless a test says so. */
const ofServer = { MCP_MAX_EVENT_LOOP_DELAY: "0" };

/** Starts a program, by default the server image's, in a process of its own, with this environment and no other. */
export function startProcess(
  args: readonly string[],
  env: Record<string, string> = {},
  program: ProgramName = "server",
): Process {
  const child = spawn(process.execPath, [...endsWithWorker, programOf(program), ...args], {
    env: {
      PATH: process.env.PATH ?? "",
      ...ofNode,
      ...(/^(serve|standalone)$/.test(args[0] ?? "") && ofServer),
      ...env,
    },
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
