import { ChildProcess } from "node:child_process";
import fs, { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { Socket } from "node:net";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { secretsOfEnvironment, secretsOfRequest } from "./known-secrets.ts";
import { RECORD_VARIABLE, RecordWriter, type Said } from "./record.ts";

/** Of one socket or pipe before it is written down; longer ones are written in parts that overlap. */
const PART_BYTES = 256 * 1024;
const OVERLAP_BYTES = 512;
const LARGEST_FILE = 32 * 2 ** 20;
const LARGEST_SECRET = 2 ** 20;
const MOST_BYTES = 512 * 2 ** 20;

/** What came over one connection or pipe, and is not yet written down. */
type Heard = { readonly kind: "answer" | "output"; readonly parts: Buffer[] };

/**
 * Keeps what the tests of this process can read, and the secrets that they use: installed below everything that tests use,
 * so that no helper can forget to do it. Bytes that come over a connection that was made here, or from a child's pipe; files
 * in folders that are removed; and what is told by {@link recordLog}.
 */
export class Recorder {
  readonly #record: RecordWriter;
  readonly #by: () => string;
  readonly #heard = new WeakMap<Socket, Heard>();

  constructor(record: RecordWriter, by: () => string) {
    this.#record = record;
    this.#by = by;
  }

  install(): void {
    this.#listen();
    this.#watchRequests();
    this.#watchPrograms();
    this.#watchRemovals();
    process.on("exit", () => this.#record.flush());
  }

  said(kind: Said["kind"], bytes: Buffer, name = ""): void {
    this.#record.said({ kind, by: `${this.#by()}${name && ` ${name}`}`, bytes });
  }

  environment(env: Readonly<Record<string, string | undefined>>): void {
    this.#record.used(secretsOfEnvironment(env, smallFile));
  }

  flush(): void {
    this.#record.flush();
  }

  /** What comes over a connection that was accepted here is a request: there secrets belong. */
  #listen(): void {
    const take = (socket: Socket, chunk: unknown) => this.#take(socket, chunk);
    Object.defineProperty(Socket.prototype, "push", {
      configurable: true,
      writable: true,
      value(this: Socket, chunk: unknown, encoding?: BufferEncoding) {
        if (!isAccepted(this)) take(this, chunk);
        return Readable.prototype.push.call(this, chunk, encoding);
      },
    });
  }

  #take(socket: Socket, chunk: unknown): void {
    const known = this.#heard.get(socket);
    // Later, when it is closed, nobody knows any more.
    const heard = known ?? { kind: socket.remotePort === undefined ? "output" : "answer", parts: [] };
    if (known === undefined) {
      this.#heard.set(socket, heard);
      socket.once("close", () => this.#put(heard));
    }
    if (chunk === null) this.#put(heard);
    if (!Buffer.isBuffer(chunk)) return;
    heard.parts.push(Buffer.from(chunk));
    if (heard.parts.reduce((sum, { length }) => sum + length, 0) < PART_BYTES) return;
    heard.parts.push(this.#put(heard).subarray(-OVERLAP_BYTES));
  }

  /** Writes down what was heard, and forgets it. */
  #put({ kind, parts }: Heard): Buffer {
    const bytes = Buffer.concat(parts.splice(0));
    this.said(kind, bytes);
    return bytes;
  }

  #watchRequests(): void {
    const used = (text: string) => this.#record.used(secretsOfRequest(text));
    const write = Socket.prototype.write;
    Socket.prototype.write = function (this: Socket, ...args: Parameters<typeof write>) {
      const [chunk] = args as [unknown];
      if (!isAccepted(this) && (typeof chunk === "string" || Buffer.isBuffer(chunk)))
        used(chunk.toString("latin1").slice(0, 16_384));
      return write.apply(this, args);
    } as typeof write;
  }

  #watchPrograms(): void {
    const environment = (pairs: readonly string[]) =>
      this.environment(
        Object.fromEntries(
          pairs.map((pair) => {
            const at = pair.indexOf("=");
            return [pair.slice(0, at), pair.slice(at + 1)];
          }),
        ),
      );
    const prototype = ChildProcess.prototype as ChildProcess & { spawn(options: { envPairs?: string[] }): number };
    const spawn = prototype.spawn;
    prototype.spawn = function (options) {
      environment(options.envPairs ?? []);
      return spawn.call(this, options);
    };
  }

  #watchRemovals(): void {
    const keep = (path: unknown) => this.#keepFiles(String(path));
    const { rm } = promises;
    promises.rm = async (path, options) => {
      keep(path);
      return rm(path, options);
    };
    const { rmSync } = fs;
    fs.rmSync = (path, options) => {
      keep(path);
      rmSync(path, options);
    };
    syncBuiltinESMExports();
  }

  #keepFiles(path: string): void {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) {
      for (const name of ifThere(() => readdirSync(path)) ?? []) this.#keepFiles(join(path, name));
    } else if (stats?.isFile() && stats.size <= LARGEST_FILE) {
      const content = ifThere(() => readFileSync(path));
      if (content !== undefined) this.said("file", content, basename(path));
    }
  }
}

/** A browser that is told to end still removes files of its own. */
function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** What a file of a secret holds, or nothing: some tests name files that are not there, or cannot be read. */
function smallFile(path: string): string {
  try {
    const stats = statSync(path);
    return stats.isFile() && stats.size <= LARGEST_SECRET ? readFileSync(path, "utf8") : "";
  } catch {
    return "";
  }
}

/** Whether somebody else has made the connection. */
function isAccepted(socket: Socket & { readonly server?: unknown }): boolean {
  return socket.server !== undefined && socket.server !== null;
}

let installed: Recorder | undefined;

/** Installs a recorder once, if somebody wants a record. */
export function startRecorder(by: () => string): Recorder | undefined {
  const folder = process.env[RECORD_VARIABLE];
  if (folder === undefined || installed !== undefined) return installed;
  installed = new Recorder(
    new RecordWriter(folder, `${process.pid}-${Math.random().toString(36).slice(2)}`, MOST_BYTES),
    by,
  );
  installed.install();
  return installed;
}

/** A line of the log of a part that runs in this process. */
export function recordLog(line: string): void {
  installed?.said("log", Buffer.from(line));
}

/** Variables that a part of this process is configured by. */
export function recordEnvironment(env: Readonly<Record<string, string | undefined>>): void {
  installed?.environment(env);
}
