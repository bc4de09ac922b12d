import { ResumableStream } from "./resumable-stream.ts";
import type { StreamConnection } from "./stream-connection.ts";

/** Bytes of messages that all streams keep together; the oldest are forgotten first. */
const mostKept = 16 * 1024 * 1024;

/** The stream, and the number of the event in it. */
const eventIdForm = /^([\w-]{1,64})\/(\d{1,9})$/;

/** The streams of one process that clients may come back for. */
export class ResumableStreams {
  readonly #streams = new Map<string, ResumableStream>();
  readonly #newId: () => string;
  #bytes = 0;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** Begins a stream of a session on a connection. */
  begin(sessionKey: string, connection: StreamConnection): ResumableStream {
    const id = this.#newId();
    const stream = new ResumableStream(
      {
        id,
        sessionKey,
        onKept: (bytes) => this.#keep(bytes),
        onForgotten: () => this.#streams.delete(id),
      },
      connection,
    );
    this.#streams.set(id, stream);
    return stream;
  }

  /** Whether a text has the form of an event's id, and its stream is not here. */
  mayBeElsewhere(eventId: string): boolean {
    const [, id] = eventIdForm.exec(eventId) ?? [];
    return id !== undefined && !this.#streams.has(id);
  }

  /** What goes on after an event, for a session; undefined when that is not known here any more. */
  after(eventId: string, sessionKey: string): ((connection: StreamConnection) => void) | undefined {
    const [, id = "", number = ""] = eventIdForm.exec(eventId) ?? [];
    const stream = this.#streams.get(id);
    if (stream?.sessionKey !== sessionKey || !stream.canResume(Number(number))) return undefined;
    return (connection) => stream.resume(connection, Number(number));
  }

  #keep(bytes: number): void {
    this.#bytes += bytes;
    if (bytes < 0) return;
    for (const stream of this.#streams.values()) {
      if (this.#bytes <= mostKept) return;
      stream.drop();
    }
  }
}
