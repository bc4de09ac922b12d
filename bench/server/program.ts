import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** A program that is measured from outside. */
export class Program {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #reader: Interface;
  readonly #lines: AsyncIterableIterator<string>;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>, reader: Interface) {
    this.#child = child;
    this.#reader = reader;
    this.#lines = reader[Symbol.asyncIterator]();
  }

  static start(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
    return new Program(child, createInterface({ input: child.stdout }));
  }

  /** The next line that is JSON and that a test accepts. */
  async line<T>(accepts: (value: T) => boolean = () => true): Promise<T> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error("the program has ended");
      const parsed = parse(value) as T | undefined;
      if (parsed !== undefined && accepts(parsed)) return parsed;
    }
  }

  write(value: object): void {
    this.#child.stdin.write(`${JSON.stringify(value)}\n`);
  }

  /** Goes on reading what it says, and throws it away: looking for lines would take time from what is measured. */
  ignoreOutput(): void {
    this.#reader.close();
    this.#child.stdout.removeAllListeners("data").resume();
  }

  /** Processor time of all its threads, in microseconds: its own, and the kernel's on its behalf. */
  cpu(): { readonly user: number; readonly system: number } {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    // proc(5): utime and stime in ticks of 10 ms.
    return { user: Number(fields[11]) * 10_000, system: Number(fields[12]) * 10_000 };
  }

  /** Memory in pages that it holds, in MiB. */
  rss(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
