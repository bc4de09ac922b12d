import { ServerError } from "../../../contract/errors.ts";
import {
  type Followed,
  type FollowRequest,
  type Publication,
  type Recalled,
  type RecallRequest,
  type RelayLimits,
  relayLimits,
  relayMessageBytes,
  relayName,
} from "../../../contract/relay.ts";
import { RefusedError } from "../refused-error.ts";
import { KeptValues } from "./kept-values.ts";
import { RelayLog } from "./relay-log.ts";
import { type RelayObserver, unobserved } from "./relay-observer.ts";

export type RelayHubOptions = {
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
  /** Name of this relay: another one, after a restart, knows nothing of what this one told. */
  readonly epoch: string;
  /** Smaller ones, for tests. */
  readonly limits?: RelayLimits;
  readonly observer?: RelayObserver;
};

/**
 * What server pods say to each other: one log of messages in memory, which polls follow, and values that topics keep. It is
 * gone with the process; followers of another one are told that they missed something.
 */
export class RelayHub {
  readonly #now: () => number;
  readonly #epoch: string;
  readonly #limits: RelayLimits;
  readonly #observer: RelayObserver;
  readonly #log: RelayLog;
  readonly #kept: KeptValues;
  readonly #waiting = new Set<() => void>();
  #waking: NodeJS.Immediate | undefined;
  #closed = false;

  constructor({ now, epoch, limits = relayLimits, observer = unobserved }: RelayHubOptions) {
    this.#now = now;
    this.#epoch = epoch;
    this.#limits = limits;
    this.#observer = observer;
    // Later than every position of an earlier process that took less than a thousand messages in each millisecond.
    this.#log = new RelayLog(Math.floor(now()) * 1_000, limits.log, () => observer.onDropped("log_full", 1));
    this.#kept = new KeptValues(limits.kept, (count) => observer.onDropped("values_full", count));
  }

  /** Polls that wait. */
  get followers(): number {
    return this.#waiting.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What it holds: messages and values, and their bytes together. */
  get size(): { readonly messages: number; readonly values: number; readonly bytes: number } {
    const { messages, bytes } = this.#log.size;
    const kept = this.#kept.size;
    return { messages, values: kept.values, bytes: bytes + kept.bytes };
  }

  /** Position of the message. Throws RELAY_LIMIT_EXCEEDED and then has changed nothing. */
  publish(publication: Publication): number {
    const known = this.#log.positionOf(publication.id);
    if (known !== undefined) return known;
    try {
      this.#keep(publication);
    } catch (error) {
      this.#observer.onDropped("refused", 1);
      throw error;
    }
    const position = this.#log.append(publication, this.#now());
    this.#observer.onMessage(publication.topic);
    // With the next turn: what is published together is answered together.
    this.#waking ??= setImmediate(() => this.#wake());
    return position;
  }

  /**
   * The messages after a position, at once when there are some, else as soon as there are, else none after the wait. An
   * aborted one waits no longer. Rejects with RefusedError when too many wait, or at the end.
   */
  async follow({ after, wait_ms, epoch }: FollowRequest, signal: AbortSignal): Promise<Followed> {
    if (this.#closed) throw new RefusedError("shutting_down", "The bridge is shutting down.", 2);
    // What a relay before this one told is nothing here, wherever its positions were.
    const from = epoch !== undefined && epoch !== this.#epoch ? -1 : after === "now" ? this.#log.position : after;
    const page = this.#read(from);
    if (page.messages.length > 0 || page.missed || wait_ms === 0) return this.#told(page);
    if (this.#waiting.size >= this.#limits.followers) {
      throw new RefusedError("too_many_followers", `${this.#waiting.size} polls wait already.`, 5);
    }
    await this.#wait(wait_ms, signal);
    return this.#told(this.#read(from));
  }

  #told(page: Followed): Followed {
    if (page.missed) this.#observer.onGap();
    return page;
  }

  /** What the log still holds of a topic after a position, and the topic's values. */
  recall({ topic, after }: RecallRequest): Recalled {
    this.#log.forget(this.#now());
    const page = this.#log.read(after ?? 0, this.#limits.answerBytes, topic);
    return { ...page, missed: after !== undefined && page.missed, kept: this.#kept.of(topic) };
  }

  /** Answers every poll; later ones are refused. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Keeps what is to be kept, if the message is within the limits. */
  #keep({ topic, text, keep }: Publication): void {
    requireName("topic", topic);
    if (Buffer.byteLength(text) > relayMessageBytes) {
      const reason = `a message may have ${relayMessageBytes / 1024} KiB`;
      throw new ServerError("RELAY_LIMIT_EXCEEDED", { reason });
    }
    if (keep === undefined) return;
    requireName("key", keep);
    this.#kept.set(topic, keep, text);
  }

  #read(after: number): Followed {
    this.#log.forget(this.#now());
    const { messages, position, missed } = this.#log.read(after, this.#limits.answerBytes);
    return { messages, position, missed, epoch: this.#epoch };
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
  }

  #wake(): void {
    clearImmediate(this.#waking);
    this.#waking = undefined;
    for (const done of [...this.#waiting]) done();
  }
}

function requireName(what: string, name: string): void {
  if (relayName.test(name)) return;
  throw new ServerError("RELAY_LIMIT_EXCEEDED", { reason: `a ${what} has 1 to 256 printable ASCII characters` });
}
