import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";

/** A pipe with 64 KiB between a process and this test, which reads when it wants to and may go away and come back. */
export type NamedPipe = {
  /** The end that the process gets; closed here once it has it. */
  readonly writer: number;
  /** All that was read so far, after what can be read now. */
  read(): string;
  /** Reads until the text is there. */
  shows(text: string): Promise<string>;
  leave(): void;
  comeBack(): void;
};

export async function namedPipe(): Promise<NamedPipe> {
  const folder = await mkdtemp(join(tmpdir(), "pipe-"));
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  let reader: number | undefined = open(path);
  const leave = () => {
    if (reader !== undefined) closeSync(reader);
    reader = undefined;
  };
  onTestFinished(async () => {
    leave();
    await rm(folder, { recursive: true });
  });
  let output = "";
  const read = () => {
    if (reader !== undefined) output += available(reader);
    return output;
  };
  return {
    writer: openSync(path, constants.O_WRONLY),
    read,
    shows: (text) =>
      vi.waitFor(
        () => {
          if (!read().includes(text)) throw new Error(`'${text}' is not in:\n${output}`);
          return output;
        },
        { timeout: 60_000, interval: 20 },
      ),
    leave,
    comeBack: () => {
      reader = open(path);
    },
  };
}

const open = (path: string) => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);

function available(reader: number): string {
  const buffer = Buffer.alloc(65_536);
  const parts: Buffer[] = [];
  for (let count = take(reader, buffer); count > 0; count = take(reader, buffer)) {
    parts.push(Buffer.from(buffer.subarray(0, count)));
  }
  return Buffer.concat(parts).toString();
}

function take(reader: number, buffer: Buffer): number {
  try {
    return readSync(reader, buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
    throw error;
  }
}
