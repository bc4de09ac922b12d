import type { Session } from "../../session.ts";
import { ResumableStream } from "./resumable-stream.ts";
import type { StreamConnection } from "./stream-connection.ts";

/** Bytes of messages that all streams keep together; the oldest are forgotten first. */
const mostKept = 16 * 1024 * 1024;

/** The stream, and the number of the event in it. */
const eventIdForm = /^([\w-]{1,64})\/(\d{1,9})$/;

/** Begins the ids of streams on which sessions listen. */
const listening = "listen-";

/** Clients of older revisions stumble over events without data. */
const resumableSince = "2025-11-25";

/** Whether the client of a session can come back for the rest of a stream. */
export function isResumable({ version }: Session): boolean {
  return version >= resumableSince;
}

/** Whether an event's id is of a stream on which a session listens. */
export function isOfListening(eventId: string): boolean {
  return eventId.startsWith(listening);
}

/** The streams of one process that clients may come back for. */
export class ResumableStreams {
  readonly #streams = new Map<string, ResumableStream>();
  readonly #newId: () => string;
  #bytes = 0;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** Begins the answer to a request of a session on a connection. */
  begin(sessionKey: string, connection: StreamConnection): ResumableStream {
    return this.#begin(this.#newId(), sessionKey, connection);
  }

  /** Begins a stream on which a session listens; `onForgotten` is told when nobody can come back for it any more. */
  beginListening(sessionKey: string, connection: StreamConnection, onForgotten: () => void): ResumableStream {
    return this.#begin(`${listening}${this.#newId()}`, sessionKey, connection, onForgotten);
  }

  #begin(
    id: string,
    sessionKey: string,
    connection: StreamConnection,
    onForgotten = (): void => undefined,
  ): ResumableStream {
    const stream = new ResumableStream(
      {
        id,
        sessionKey,
        onKept: (bytes) => this.#keep(bytes),
        onForgotten: () => {
          this.#streams.delete(id);
          onForgotten();
        },
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

  /** A stream on which a session listens goes on in another process. The answer to a request stays where it is made. */
  handOver(eventId: string): void {
    const [, id = ""] = eventIdForm.exec(eventId) ?? [];
    if (!isOfListening(id)) return;
    this.#streams.get(id)?.finish();
    this.#streams.get(id)?.forget();
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
