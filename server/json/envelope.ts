/** What is kept of each end, in bytes; clients write the id before or after the parameters. */
const kept = 1024;

const id = '"id"\\s*:\\s*("(?:[^"\\\\]|\\\\.)*"|-?\\d+)';
const idAtStart = new RegExp(`^\\s*\\{[^{}[\\]]*?${id}`);
const idAtEnd = new RegExp(`${id}\\s*(?:,\\s*"jsonrpc"\\s*:\\s*"2\\.0"\\s*)?\\}\\s*$`);

/** The part of a message that its answer needs. */
export type Envelope = { readonly id: string | number; readonly method: string };

/** Both ends of a message that is too large to be kept, in which its id is found all the same. */
export class MessageEnds {
  #start = Buffer.alloc(0);
  #end = Buffer.alloc(0);

  add(chunk: Buffer): void {
    if (this.#start.length < kept)
      this.#start = Buffer.concat([this.#start, chunk.subarray(0, kept - this.#start.length)]);
    this.#end = Buffer.concat([this.#end, chunk.subarray(-kept)]).subarray(-kept);
  }

  envelope(): Envelope | undefined {
    const start = this.#start.toString("utf8");
    const end = this.#end.toString("utf8");
    const found = idAtEnd.exec(end)?.[1] ?? idAtStart.exec(start)?.[1];
    if (found === undefined) return undefined;
    const method = /"method"\s*:\s*"([\w/]+)"/.exec(start)?.[1] ?? /"method"\s*:\s*"([\w/]+)"/.exec(end)?.[1];
    return { id: JSON.parse(found), method: method ?? "" };
  }
}
