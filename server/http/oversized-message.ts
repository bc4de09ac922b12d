import type { IncomingMessage } from "node:http";

/** Largest message that is let pass by to learn its id, in bytes. */
export const longestPassage = 16 * 2 ** 20;

/** What is kept of each end, in bytes; clients write the id before or after the parameters. */
const kept = 1024;

const id = '"id"\\s*:\\s*("(?:[^"\\\\]|\\\\.)*"|-?\\d+)';
const idAtStart = new RegExp(`^\\s*\\{[^{}[\\]]*?${id}`);
const idAtEnd = new RegExp(`${id}\\s*(?:,\\s*"jsonrpc"\\s*:\\s*"2\\.0"\\s*)?\\}\\s*$`);

/** The part of a message that its answer needs. */
export type Envelope = { readonly id: string | number; readonly method: string };

/**
 * Lets a message that is too large to be read pass by, and finds its id at one of its ends, so that the client can be told
 * in the protocol: at HTTP 413 it would end the session. Undefined when there is none, or the client is gone.
 */
export async function envelopeOf(body: IncomingMessage): Promise<Envelope | undefined> {
  let start = Buffer.alloc(0);
  let end = Buffer.alloc(0);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (start.length < kept) start = Buffer.concat([start, chunk.subarray(0, kept - start.length)]);
      end = Buffer.concat([end, chunk.subarray(-kept)]).subarray(-kept);
    }
    return envelopeIn(start.toString("utf8"), end.toString("utf8"));
  } catch {
    return undefined;
  }
}

function envelopeIn(start: string, end: string): Envelope | undefined {
  const found = idAtEnd.exec(end)?.[1] ?? idAtStart.exec(start)?.[1];
  if (found === undefined) return undefined;
  const method = /"method"\s*:\s*"([\w/]+)"/.exec(start)?.[1] ?? /"method"\s*:\s*"([\w/]+)"/.exec(end)?.[1];
  return { id: JSON.parse(found), method: method ?? "" };
}
