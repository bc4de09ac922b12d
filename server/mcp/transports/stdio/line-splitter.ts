import { type Envelope, MessageEnds } from "../../../json/envelope.ts";

export type LineHandlers = {
  onLine(line: string): void;
  /** A line was too long to be kept; undefined when its id is not known. */
  onOverlong(envelope: Envelope | undefined): void;
};

const LINE_FEED = 0x0a;

/** Makes lines of bytes, and keeps no more of one than the limit. Lines without anything in them are left out. */
export class LineSplitter {
  readonly #longest: number;
  readonly #handlers: LineHandlers;
  #parts: Buffer[] = [];
  #length = 0;
  #passing: MessageEnds | undefined;

  /** `longest` in bytes. */
  constructor(longest: number, handlers: LineHandlers) {
    this.#longest = longest;
    this.#handlers = handlers;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      this.#add(chunk.subarray(start, end));
      this.#finish();
      start = end + 1;
    }
    if (start < chunk.length) this.#add(chunk.subarray(start));
  }

  /** The input has ended: what stands without a line feed is a line, too. */
  end(): void {
    this.#finish();
  }

  #add(part: Buffer): void {
    this.#length += part.length;
    if (this.#passing === undefined && this.#length > this.#longest) {
      this.#passing = new MessageEnds();
      for (const kept of this.#parts) this.#passing.add(kept);
      this.#parts = [];
    }
    if (this.#passing === undefined) this.#parts.push(part);
    else this.#passing.add(part);
  }

  #finish(): void {
    const passing = this.#passing;
    const line = passing === undefined ? Buffer.concat(this.#parts).toString("utf8") : "";
    this.#parts = [];
    this.#length = 0;
    this.#passing = undefined;
    if (passing !== undefined) this.#handlers.onOverlong(passing.envelope());
    else if (line.trim() !== "") this.#handlers.onLine(line);
  }
}
