import type { ReadStream, WriteStream } from "node:tty";
import { confirm, isCancel, spinner } from "@clack/prompts";
import { printable, printableLines } from "./printable.ts";
import { styleFor } from "./style.ts";
import type { Progress, Terminal } from "./terminal.ts";

export type Streams = {
  readonly stdin: Pick<ReadStream, "isTTY">;
  readonly stdout: Pick<WriteStream, "write" | "isTTY">;
  readonly stderr: Pick<WriteStream, "write" | "isTTY">;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
};

/** The terminal of this process. */
export function processTerminal({ stdin, stdout, stderr, env, signal }: Streams): Terminal {
  const print = (text: string) => void stdout.write(`${text}\n`);
  // Words of others are in messages and questions, too.
  const tell = (text: string) => void stderr.write(`${printableLines(text)}\n`);
  const canAsk = Boolean(stdin.isTTY) && Boolean(stderr.isTTY);
  return {
    style: styleFor(Boolean(stdout.isTTY), env),
    print,
    tell,
    progress: (what) =>
      stderr.isTTY && env.TERM !== "dumb" ? spinning(what, stderr as WriteStream, signal) : lines(what, tell),
    async confirm(question) {
      if (!canAsk) return undefined;
      // Not to standard output, which may be a file.
      const answer = await confirm({
        message: printable(question),
        initialValue: false,
        output: stderr as WriteStream,
        signal,
      });
      return !isCancel(answer) && answer;
    },
  };
}

function spinning(what: string, output: WriteStream, signal: AbortSignal): Progress {
  const shown = spinner({ output, signal });
  shown.start(what);
  return {
    state: (text) => shown.message(printable(`${what}: ${text}`)),
    done: (text) => shown.stop(printable(text)),
    failed: (text) => shown.error(printable(text)),
  };
}

/** Each state once: a log should not grow while nothing happens. */
function lines(what: string, tell: (text: string) => void): Progress {
  let last = "";
  tell(`${what} ...`);
  return {
    state(text) {
      if (text !== last) tell(`  ${text}`);
      last = text;
    },
    done: tell,
    failed: tell,
  };
}
