import type { DeadLetterAnswer, DeadLetterFate, DeadLetterRequest } from "../../../contract/dead-letters.ts";
import { ServerError } from "../../../contract/errors.ts";
import type { EventKey } from "../queue/event.ts";
import type { PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import { boundedText } from "../status/bounded-text.ts";
import type { Store } from "../storage/store.ts";
import type { Journal } from "./journal.ts";

export type DeadLettersOptions = {
  readonly store: Pick<Store, "write" | "requireRoom">;
  readonly queue: Pick<Queue, "revive" | "discard">;
  readonly journal: Pick<Journal, "add" | "fateOf">;
  /** What is to be sent. */
  readonly onLines: (lines: readonly PendingMessage[]) => void;
  readonly now: () => number;
};

const kinds = { retry: "dead_letter_retried", drop: "dead_letter_dropped" } as const;

/** What becomes of messages that Telegram refused for good. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /**
   * Sends a message again, or deletes it. Resolves when that is on disk: it is done once, however often it is asked for.
   * Rejects with DEAD_LETTER_NOT_FOUND, and RefusedError when there is no room.
   */
  async settle(fate: DeadLetterFate, message: number, request: DeadLetterRequest): Promise<DeadLetterAnswer> {
    const { store, onLines } = this.#options;
    if (fate === "retry") store.requireRoom();
    const done = await store.write(() => this.#settle(fate, message, request));
    if (done.pending !== undefined) onLines([done.pending]);
    const { id: event_id, client } = done.event;
    return { changed: done.changed, event_id, client };
  }

  #settle(fate: DeadLetterFate, message: number, { client, whose }: DeadLetterRequest): Done {
    const owner = whose === "own" ? client : undefined;
    const { queue, journal, now } = this.#options;
    const revived = fate === "retry" ? queue.revive(message, owner) : undefined;
    const event = fate === "retry" ? revived?.event : queue.discard(message, owner);
    if (event === undefined) return this.#before(fate, message, owner);
    const pending = revived?.pending;
    journal.add({
      kind: kinds[fate],
      at: now(),
      event,
      message,
      chatId: pending?.chatId,
      detail: `by ${boundedText(client)}`,
    });
    return { event, changed: true, ...(pending && { pending }) };
  }

  /** The answer to a request may have been lost, and it comes again. */
  #before(fate: DeadLetterFate, message: number, owner: string | undefined): Done {
    const last = this.#options.journal.fateOf(message);
    const isOwn = owner === undefined || last?.event.client === owner;
    if (last?.kind !== kinds[fate] || !isOwn) throw new ServerError("DEAD_LETTER_NOT_FOUND");
    return { event: last.event, changed: false };
  }
}

type Done = { readonly event: EventKey; readonly changed: boolean; readonly pending?: PendingMessage };
