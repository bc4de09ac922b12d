import type { WatchEvent } from "./kubernetes-object.ts";

/** Objects are at most a few MiB in etcd; a longer line is no watch stream. */
const longestLineBytes = 64 * 1024 * 1024;

const newline = 0x0a;

/**
 * A line of a watch that is not an event.
 *
 * @example
 * ```ts
 * const isBroken = (error: unknown) => error instanceof MalformedEventError;
 * ```
 */
export class MalformedEventError extends Error {
  override readonly name = "MalformedEventError";
}

/**
 * The events of a watch response: one JSON object a line. Pieces of a line are joined once, when its end has come,
 * and bytes are decoded only then, so that a character may span two pieces.
 *
 * @example
 * ```ts
 * const body = (async function* () {
 *   yield Buffer.from('{"type":"ADDED","object":{"metadata":{"name":"one"}}}\n');
 * })();
 * for await (const { type, object } of watchEvents(body)) logger.info({ type, object }, "seen");
 * ```
 */
export async function* watchEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent> {
  let pieces: Uint8Array[] = [];
  let pending = 0;
  for await (const chunk of body) {
    let start = 0;
    let end = chunk.indexOf(newline);
    while (end !== -1) {
      pieces.push(chunk.subarray(start, end));
      const event = parseEvent(pieces);
      pieces = [];
      pending = 0;
      if (event !== undefined) yield event;
      start = end + 1;
      end = chunk.indexOf(newline, start);
    }
    if (start < chunk.length) {
      pieces.push(chunk.subarray(start));
      pending += chunk.length - start;
      if (pending > longestLineBytes) throw new MalformedEventError(`a watch event exceeds ${longestLineBytes} bytes`);
    }
  }
  // A rest without a newline was cut off by a broken connection: the next watch sends it again.
}

function parseEvent(pieces: readonly Uint8Array[]): WatchEvent | undefined {
  const [only] = pieces;
  const bytes = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  if (bytes.length === 0) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  let event: Partial<WatchEvent> | null;
  try {
    event = JSON.parse(text);
  } catch {
    throw new MalformedEventError(`a watch event is not JSON (${bytes.length} bytes)`);
  }
  if (typeof event?.type !== "string" || typeof event.object !== "object" || event.object === null) {
    throw new MalformedEventError("a watch event lacks type or object");
  }
  return event as WatchEvent;
}
