import type { Response } from "../../../contract/responses.ts";
import type { EventKey } from "../queue/event.ts";
import type { Hearing } from "../sessions/hearing.ts";
import type { Store } from "../storage/store.ts";
import { Effects, type EffectsOptions, type Taken } from "./effects.ts";
import { prepareInbox } from "./inbox-statements.ts";
import { type Bot, meaningOf } from "./meaning.ts";
import { type Clearing, type ResponseQuery, Responses } from "./responses.ts";
import type { Update } from "./update.ts";

export type InboxOptions = EffectsOptions & {
  readonly store: Store;
  readonly hearing: Pick<Hearing, "isBound">;
  /** Telegram ids of the people who may talk to the bot. */
  readonly people: () => ReadonlySet<number>;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
};

/** Updates that Telegram may hand out again are among these: a batch has at most a hundred. */
const TAKEN_KEPT = 1_000;
/**
 * Telegram keeps an update for 24 h, so a position of before that confirms nothing. After a week without updates Telegram
 * begins with a random id: below the position it would be taken for confirmed.
 */
const TAKEN_KEPT_MS = 48 * 3_600_000;

/**
 * What people say, in the bridge's file. An update's effect is committed together with the position after it, so that a
 * crash neither loses nor repeats it.
 */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #sql: ReturnType<typeof prepareInbox>;
  readonly #responses: Responses;
  readonly #effects: Effects;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#sql = prepareInbox(options.store.db);
    this.#responses = new Responses(options.store, this.#sql);
    this.#effects = new Effects({ ...options, responses: this.#responses, sql: this.#sql });
  }

  /** The update to go on with; 0 for whatever there is: none was taken yet, or so long ago that ids may begin anew. */
  next(botId: number): number {
    const row = this.#sql.next.get(botId);
    return row === undefined || Number(row.at) <= this.#options.now() - TAKEN_KEPT_MS ? 0 : Number(row.next_update);
  }

  /** Resolves when the effect is on disk. Updates that are given together are committed together, in their order. */
  take(update: Update, bot: Bot): Promise<Taken> {
    return this.#options.store.write(() => {
      const at = this.#options.now();
      if (this.#isTaken(update, bot, at)) {
        this.#sql.goOn.run(bot.id, update.id + 1, at);
        return { kind: "duplicate", lines: [] };
      }
      this.#note(update, bot, at);
      this.#sql.goOn.run(bot.id, update.id + 1, at);
      const isBound: Hearing["isBound"] = (place) => this.#options.hearing.isBound(place);
      return this.#effects.of(meaningOf(update, { people: this.#options.people(), bot, isBound }), at);
    });
  }

  /** Takes note of an update whose effect cannot be: when Telegram hands it out again, it is a duplicate. */
  skip(update: Update, bot: Bot): Promise<void> {
    return this.#options.store.write(() => this.#note(update, bot, this.#options.now()));
  }

  /** The webhook that this bridge has set. */
  webhook(botId: number): string | undefined {
    const url = this.#sql.next.get(botId)?.webhook;
    return typeof url === "string" ? url : undefined;
  }

  rememberWebhook(botId: number, url: string | undefined): Promise<void> {
    return this.#options.store.write(() => void this.#sql.setWebhook.run(botId, url ?? null));
  }

  /** Newest first. Throws RefusedError when they cannot be read. */
  responses(query: ResponseQuery): readonly Response[] {
    return this.#responses.list(query);
  }

  /** How many there are, whatever the limit. Throws RefusedError when they cannot be read. */
  countResponses(query: ResponseQuery): number {
    return this.#responses.count(query);
  }

  /** Deletes old responses; resolves with their number when that is on disk. */
  clearResponses(clearing: Clearing): Promise<number> {
    return this.#responses.clear(clearing);
  }

  /** The first hundred after one of an id, the oldest first. */
  responsesAfter(id: number): readonly Response[] {
    return this.#responses.after(id);
  }

  /** Id of the newest; 0 when there is none. */
  get newestResponse(): number {
    return this.#responses.newest;
  }

  /** The newest twenty answers to an event, newest first. Throws RefusedError when they cannot be read. */
  responsesTo(event: EventKey): readonly Response[] {
    return this.#responses.to(event);
  }

  /** Deletes old responses, a small batch at a time; true when there may be more. */
  prune(): Promise<boolean> {
    return this.#responses.prune(this.#options.now());
  }

  #isTaken({ id }: Update, bot: Bot, at: number): boolean {
    const row = this.#sql.taken.get(bot.id, id);
    return row !== undefined && Number(row.at) > at - TAKEN_KEPT_MS;
  }

  #note({ id }: Update, bot: Bot, at: number): void {
    const row = this.#sql.take.get(bot.id, id, at);
    this.#sql.forgetTaken.run(Number(row?.id) - TAKEN_KEPT);
  }
}
