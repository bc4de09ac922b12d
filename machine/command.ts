import { spawn } from "node:child_process";

export type CommandOptions = {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each line of standard error as it arrives. */
  readonly onErrorLine?: (line: string) => void;
};

const TAIL_LINES = 12;

/** Runs a command to its end and returns its standard output; a failure carries the last lines it wrote. */
export function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: "pipe" });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
      if (options.onErrorLine) for (const line of text.split("\n")) if (line !== "") options.onErrorLine(line);
    });
    child.on("error", (error) => reject(new Error(`${command} cannot be run: ${error.message}`, { cause: error })));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(output);
      const tail = (errors.trim() || output.trim()).split("\n").slice(-TAIL_LINES).join("\n");
      reject(new Error(`${command} ${args.join(" ")} ended with ${signal ?? code}:\n${tail}`));
    });
    // A command that ends before it has read its input is judged by its exit code alone.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}
