import { ServerError } from "../../contract/errors.ts";

/** Open listens of one client, and of all. */
const most = { each: 1_000, all: 20_000 };

export type Listen = {
  /** Resolves when the server ends it. */
  readonly ended: Promise<void>;
  close(): void;
};

type Open = {
  readonly clientId: string;
  /** Topics of the relay by the URI that is listened to; undefined for what never changes. */
  readonly topics: ReadonlyMap<string, string | undefined>;
  readonly onUpdated: (uri: string) => void;
  readonly end: () => void;
};

/** The requests that stay open to hear of changes (MCP 2026-07-28, Subscriptions). */
export class Listens {
  readonly #open = new Set<Open>();
  readonly #counts = new Map<string, number>();

  /** Throws RATE_LIMIT_EXCEEDED for one too many. */
  open({ clientId, topics, onUpdated }: Omit<Open, "end">): Listen {
    const count = this.#counts.get(clientId) ?? 0;
    if (count >= most.each || this.#open.size >= most.all) {
      throw new ServerError("RATE_LIMIT_EXCEEDED", { retry_after: 60 });
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const entry = { clientId, topics, onUpdated, end: resolve };
    this.#open.add(entry);
    this.#counts.set(clientId, count + 1);
    return { ended: promise, close: () => this.#close(entry) };
  }

  /** Tells those that listen to resources of a topic that these have changed; without a topic, that all may have. */
  changed(topic?: string): void {
    for (const { topics, onUpdated } of this.#open) {
      for (const [uri, of] of topics) if (of !== undefined && (topic === undefined || of === topic)) onUpdated(uri);
    }
  }

  /** Ends all, as the protocol has it: with an answer. */
  end(): void {
    for (const { end } of this.#open) end();
  }

  #close(entry: Open): void {
    if (!this.#open.delete(entry)) return;
    const left = (this.#counts.get(entry.clientId) ?? 1) - 1;
    if (left > 0) this.#counts.set(entry.clientId, left);
    else this.#counts.delete(entry.clientId);
  }
}
