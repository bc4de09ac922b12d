import * as z from "zod";
import type { Relay } from "../../../bridge-client/relay.ts";
import type { RequestLogger } from "../../method.ts";
import type { Peers } from "../../peers.ts";
import type { ResumableStreams } from "./resumable-streams.ts";
import type { StreamConnection } from "./stream-connection.ts";

const subject = "stream";
const prefix = "stream/";

/** How many events may wait until the client's connection is there to take them. */
const mostEarly = 1_000;

/** A stream that another process has is silent for so many milliseconds before the client has to ask for it anew. */
const longestSilenceMs = 60_000;

const requestSchema = z.object({ eventId: z.string(), sessionKey: z.string(), to: z.string() });

const eventSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("event"), id: z.string(), message: z.string() }),
  /** The stream has ended, or goes on in another connection. */
  z.object({ kind: z.literal("end") }),
  /** The client's connection has ended. */
  z.object({ kind: z.literal("closed") }),
]);

type Event = z.input<typeof eventSchema>;

export type SharedStreamsOptions = {
  readonly relay: Relay;
  readonly peers: Peers;
  readonly own: ResumableStreams;
  readonly newId: () => string;
  readonly log: RequestLogger;
};

/** The rest of a stream. */
export type Resumption = {
  readonly goOn: (connection: StreamConnection) => void;
  /** False: another process has it. */
  readonly isHere: boolean;
};

/**
 * The streams of all processes that serve the same clients: a client that comes back to one process gets the rest of a
 * stream that another one has.
 */
export class SharedStreams {
  readonly #options: SharedStreamsOptions;
  /** Who hears what is said about a stream on its way from one process to another. */
  readonly #listeners = new Map<string, (event: Event) => void>();

  constructor(options: SharedStreamsOptions) {
    this.#options = options;
    options.peers.answer(subject, (content) => this.#give(content));
  }

  /** Begins to hear the others; the returned function ends that. */
  listen(): () => void {
    return this.#options.relay.subscribe(
      ({ topic, text }) => {
        const listener = topic.startsWith(prefix) ? this.#listeners.get(topic.slice(prefix.length)) : undefined;
        const event = listener && eventSchema.safeParse(JSON.parse(text));
        if (event?.success) listener?.(event.data);
      },
      () => this.#giveUp(),
    );
  }

  /** What goes on after an event, for a session; undefined when nobody keeps it. */
  async after(eventId: string, sessionKey: string): Promise<Resumption | undefined> {
    const { own, peers, newId } = this.#options;
    const here = own.after(eventId, sessionKey);
    if (here !== undefined) return { goOn: here, isHere: true };
    if (!own.mayBeElsewhere(eventId)) return undefined;
    const to = newId();
    const early: Event[] = [];
    this.#listeners.set(to, (event) => {
      if (early.length < mostEarly) early.push(event);
    });
    const isTaken = (await peers.ask(subject, { eventId, sessionKey, to }).catch(() => undefined)) === true;
    if (isTaken) return { goOn: (connection) => this.#receive(to, connection, early), isHere: false };
    this.#listeners.delete(to);
    return undefined;
  }

  /** Passes on to the client what another process sends. */
  #receive(to: string, connection: StreamConnection, early: readonly Event[]): void {
    // The other process may be gone: a client that comes back once more finds out.
    const silence = setTimeout(() => end(), longestSilenceMs).unref();
    const stop = () => {
      clearTimeout(silence);
      this.#listeners.delete(to);
    };
    const end = () => {
      stop();
      connection.end();
    };
    const pass = (event: Event) => {
      silence.refresh();
      if (event.kind === "event") connection.send(event.message, event.id);
      else end();
    };
    this.#listeners.set(to, pass);
    for (const event of early) pass(event);
    connection.onClose(() => {
      stop();
      this.#say(to, { kind: "closed" });
    });
  }

  /** Sends a stream of this process to another one, if it is here. */
  #give(content: unknown): true | undefined {
    const request = requestSchema.safeParse(content);
    if (!request.success) return undefined;
    const { eventId, sessionKey, to } = request.data;
    const { own } = this.#options;
    const goOn = own.after(eventId, sessionKey);
    if (goOn === undefined) return undefined;
    goOn(this.#connectionTo(to));
    own.handOver(eventId);
    return true;
  }

  #connectionTo(to: string): StreamConnection {
    const closed = new AbortController();
    const close = () => {
      this.#listeners.delete(to);
      closed.abort();
    };
    this.#listeners.set(to, ({ kind }) => {
      if (kind === "closed") close();
    });
    return {
      send: (message, id) => this.#say(to, { kind: "event", id, message }),
      prime: () => undefined,
      end: () => {
        this.#say(to, { kind: "end" });
        close();
      },
      onClose: (listener) => {
        if (closed.signal.aborted) listener();
        else closed.signal.addEventListener("abort", listener, { once: true });
      },
    };
  }

  /** In order: a later event never overtakes an earlier one. */
  #lastSaid: Promise<void> = Promise.resolve();

  #say(to: string, event: Event): void {
    const { relay, log } = this.#options;
    this.#lastSaid = this.#lastSaid
      .then(() => relay.publish(prefix + to, JSON.stringify(event)))
      .catch((error: unknown) => log.warn({ err: error }, "a stream cannot be passed on to another server"));
  }

  /** After a gap nobody knows what is missing: clients come back, and ask for what they have not seen. */
  #giveUp(): void {
    for (const listener of [...this.#listeners.values()]) {
      listener({ kind: "end" });
      listener({ kind: "closed" });
    }
  }
}
