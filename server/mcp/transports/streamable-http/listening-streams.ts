import type { FastifyReply } from "fastify";
import { ServerError } from "../../../../contract/errors.ts";
import type { Client } from "../../../access/client.ts";
import type { Session } from "../../session.ts";
import type { SessionListeners } from "../../session-listeners.ts";
import { EventStream } from "./event-stream.ts";
import type { ResumableStream } from "./resumable-stream.ts";
import { isResumable, type ResumableStreams } from "./resumable-streams.ts";

/** Streams that one client, and all, may have open at a time. */
const most = { each: 1_000, all: 20_000 };

/** Milliseconds after which a client whose stream was ended may come again, to another replica when this one stops. */
const retryMs = 1_000;

/** The streams on which sessions listen. */
export class ListeningStreams {
  readonly #open = new Set<EventStream>();
  readonly #resumable = new Set<ResumableStream>();
  readonly #counts = new Map<string, number>();
  readonly #onCount: (count: number) => void;

  /** What sessions are told goes to their streams. */
  readonly listeners: SessionListeners;

  /** `onCount` is told how many are open whenever that changes. */
  constructor(listeners: SessionListeners, onCount: (count: number) => void) {
    this.listeners = listeners;
    this.#onCount = onCount;
    onCount(0);
  }

  /** Answers with a stream on which nothing is told yet. Throws RATE_LIMIT_EXCEEDED for one too many. */
  open({ id }: Client, reply: FastifyReply): EventStream {
    const count = this.#counts.get(id) ?? 0;
    if (count >= most.each || this.#open.size >= most.all) {
      throw new ServerError("RATE_LIMIT_EXCEEDED", { retry_after: 60 });
    }
    reply.hijack();
    const stream = new EventStream(reply.raw, reply.getHeaders());
    this.#open.add(stream);
    this.#onCount(this.#open.size);
    this.#counts.set(id, count + 1);
    reply.raw.once("close", () => {
      this.#open.delete(stream);
      this.#onCount(this.#open.size);
      const left = (this.#counts.get(id) ?? 1) - 1;
      if (left > 0) this.#counts.set(id, left);
      else this.#counts.delete(id);
    });
    return stream;
  }

  /**
   * A session listens on a stream from now on, and for a while after it was cut: its client may come back for what came in
   * the meantime (MCP 2025-11-25, Resumability and Redelivery).
   */
  begin(session: Session, stream: EventStream, streams: ResumableStreams): void {
    if (!isResumable(session)) {
      stream.onClose(this.listeners.add(session.key, (message) => void stream.send(JSON.stringify(message))));
      return;
    }
    const resumable = streams.beginListening(session.key, stream, () => {
      this.#resumable.delete(resumable);
      leave();
    });
    const leave = this.listeners.add(
      session.key,
      (message) => resumable.send(JSON.stringify(message)),
      () => resumable.isConnected,
    );
    this.#resumable.add(resumable);
  }

  /** Ends all streams, so that their clients turn to another replica, which must not ask this one for them. */
  end(): void {
    for (const resumable of this.#resumable) resumable.forget();
    for (const stream of this.#open) stream.end(retryMs);
  }
}
