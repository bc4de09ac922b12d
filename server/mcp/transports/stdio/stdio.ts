import type { Readable, Writable } from "node:stream";
import { bodyLimit } from "../../../../contract/limits.ts";
import type { Envelope } from "../../../json/envelope.ts";
import { LineSplitter } from "./line-splitter.ts";

/** Whoever answers what comes in line by line. */
export type Peer = {
  /** Whether the next message should wait. */
  readonly isFull: boolean;
  take(line: string): void;
  /** Answers a message that was too long to be read. */
  refuse(envelope: Envelope | undefined): void;
  /** Nothing more comes in: resolves when everything is answered. */
  drain(): Promise<void>;
  /** Nobody reads any more. */
  end(): void;
};

export type StdioOptions = {
  readonly input: Readable;
  readonly output: Writable;
  /** Makes the peer; `onRoom` is to be called when it is no longer full. */
  readonly peerOf: (send: (text: string) => boolean, onRoom: () => void) => Peer;
};

/** What may wait to be read before nothing more is taken in, in bytes. */
const mostUnread = 1024 * 1024;

/** MCP over the standard streams of a process: one message a line, and nothing else on the output. */
export class Stdio {
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #peer: Peer;
  readonly #ended = Promise.withResolvers<string>();
  #waiting: string[] = [];
  #isClosed = false;
  #isEnding = false;
  #allTaken = Promise.withResolvers<void>();

  constructor({ input, output, peerOf }: StdioOptions) {
    this.#input = input;
    this.#output = output;
    this.#peer = peerOf(
      (text) => this.#send(text),
      () => this.#goOn(),
    );
    const lines = new LineSplitter(bodyLimit, {
      onLine: (line) => this.#onLine(line),
      onOverlong: (envelope) => this.#peer.refuse(envelope),
    });
    input.on("data", (chunk: Buffer) => lines.push(chunk));
    input.once("end", () => {
      lines.end();
      this.#ended.resolve("end of input");
    });
    input.once("error", () => this.#ended.resolve("input failed"));
    output.on("drain", () => this.#goOn());
    output.on("error", () => {
      this.#isClosed = true;
      this.#waiting = [];
      this.#allTaken.resolve();
      this.#peer.end();
      this.#ended.resolve("output closed");
    });
  }

  /** Resolves with the reason when the client has ended it. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  /** Takes nothing more in, and resolves when everything is answered and read. */
  async close(): Promise<void> {
    this.#input.pause();
    this.#isEnding = true;
    if (this.#waiting.length > 0) await this.#allTaken.promise;
    await this.#peer.drain();
    if (!this.#isClosed) await new Promise<void>((resolve) => this.#output.write("", () => resolve()));
  }

  #onLine(line: string): void {
    if (this.#waiting.length === 0 && this.#hasRoom) return void this.#peer.take(line);
    if (this.#waiting.length === 0) this.#allTaken = Promise.withResolvers();
    this.#waiting.push(line);
    this.#input.pause();
  }

  get #hasRoom(): boolean {
    return !this.#peer.isFull && this.#output.writableLength <= mostUnread;
  }

  #goOn(): void {
    while (this.#waiting.length > 0 && this.#hasRoom) this.#peer.take(this.#waiting.shift() ?? "");
    if (this.#waiting.length > 0) return;
    this.#allTaken.resolve();
    if (this.#hasRoom && !this.#isEnding) this.#input.resume();
  }

  #send(text: string): boolean {
    if (this.#isClosed) return false;
    this.#output.write(`${text}\n`);
    return true;
  }
}
