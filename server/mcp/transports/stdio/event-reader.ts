/** One event of a stream (HTML Standard, 9.2). */
type ReadEvent = {
  readonly data: string;
  readonly id: string | undefined;
  readonly retryMs: number | undefined;
};

/** Largest event that is read, in characters: more than any answer of the server has. */
const longest = 16 * 2 ** 20;

/** Reads the events of a stream as they come. Rejects when it breaks. */
async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<ReadEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const events = rest.split(/\r?\n\r?\n/);
    rest = events.pop() ?? "";
    if (rest.length > longest) throw new Error("an event is too large");
    for (const event of events) yield readEvent(event);
  }
}

/** How far a stream was read, and after how many milliseconds the server wants to be asked for the rest. */
export type Position = { lastEventId?: string; retryMs?: number };

/** Hands over the messages of a stream until one of them is the last; false when the stream ends before. */
export async function readMessages(
  { body }: Response,
  position: Position,
  isLast: (message: unknown) => boolean,
): Promise<boolean> {
  if (body === null) return false;
  for await (const { data, id, retryMs } of eventsIn(body)) {
    if (id) position.lastEventId = id;
    if (retryMs !== undefined) position.retryMs = retryMs;
    if (data !== "" && isLast(JSON.parse(data))) return true;
  }
  return false;
}

function readEvent(text: string): ReadEvent {
  const data: string[] = [];
  let id: string | undefined;
  let retryMs: number | undefined;
  for (const line of text.split(/\r?\n/)) {
    const [, field, value = ""] = /^(data|id|retry):? ?(.*)$/.exec(line) ?? [];
    if (field === "data") data.push(value);
    else if (field === "id") id = value;
    else if (field === "retry" && /^\d+$/.test(value)) retryMs = Number(value);
  }
  return { data: data.join("\n"), id, retryMs };
}
