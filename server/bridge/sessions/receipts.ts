import type { Logger } from "../../telemetry/logger.ts";
import type { Pacer } from "../pacing/pacer.ts";
import type { TelegramClient } from "../telegram/telegram-client.ts";
import type { Place } from "./channel-events.ts";

export type ReceiptsOptions = {
  readonly telegram: Pick<TelegramClient, "ask">;
  readonly pacer: Pick<Pacer, "isPaused">;
  readonly logger: Logger;
  readonly now: () => number;
  /** Whether somebody holds a session now. */
  readonly isHere: (session: number) => boolean;
};

const KEPT_EMOJI = "👀";
const READ_EMOJI = "👌";

/** Telegram shows that somebody types for 5 s. */
const TYPING_EVERY_MS = 4_000;
/** A session that works for longer says so itself. */
const LONGEST_TYPING_MS = 10 * 60_000;
const REQUEST_LIMIT_MS = 5_000;
/** Receipts are a courtesy: what comes in heaps goes without. */
const MOST_UNDER_WAY = 8;

type Typing = { readonly session: number; readonly place: Place; readonly until: number };

/** Shows people what became of what they said: an emoji when it is kept, another when it is read, and that a session works. */
export class Receipts {
  readonly #options: ReceiptsOptions;
  readonly #typing = new Map<string, Typing>();
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #underWay = 0;

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  kept(place: Place): void {
    this.#react(place, KEPT_EMOJI);
  }

  /** The session has read it, and works on it until it says something there. */
  read(session: number, places: readonly Place[]): void {
    for (const place of places) this.#react(place, READ_EMOJI);
    const last = places.at(-1);
    if (last === undefined) return;
    this.#typing.set(keyOf(last), { session, place: last, until: this.#options.now() + LONGEST_TYPING_MS });
    this.#type();
  }

  /** The session has said something in a chat. */
  spoke(session: number, chatId: number): void {
    for (const [key, typing] of this.#typing) {
      if (typing.session === session && typing.place.chatId === chatId) this.#typing.delete(key);
    }
  }

  stop(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
    this.#typing.clear();
  }

  #type(): void {
    clearTimeout(this.#timer);
    const { now, isHere } = this.#options;
    for (const [key, { session, place, until }] of this.#typing) {
      if (now() >= until || !isHere(session)) this.#typing.delete(key);
      else this.#show(place);
    }
    if (this.#typing.size > 0) this.#timer = setTimeout(() => this.#type(), TYPING_EVERY_MS);
  }

  #show({ chatId, topic }: Place): void {
    const thread = topic !== undefined && { message_thread_id: topic };
    this.#ask(chatId, (api, signal) => api.sendChatAction({ chat_id: chatId, action: "typing", ...thread }, signal));
  }

  #react({ chatId, messageId }: Place, emoji: string): void {
    this.#ask(chatId, (api, signal) => {
      return api.setMessageReaction(
        { chat_id: chatId, message_id: messageId, reaction: [{ type: "emoji", emoji }] },
        signal,
      );
    });
  }

  #ask(
    chatId: number,
    request: (api: Parameters<Parameters<TelegramClient["ask"]>[0]>[0], signal: AbortSignal) => Promise<unknown>,
  ): void {
    const { telegram, pacer, logger, now } = this.#options;
    const isFree = !pacer.isPaused(chatId, now()) && this.#underWay < MOST_UNDER_WAY;
    if (!isFree || this.#stop.signal.aborted) return;
    this.#underWay += 1;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(REQUEST_LIMIT_MS)]);
    void telegram
      .ask((api) => request(api, signal))
      .then((answer) => {
        this.#underWay -= 1;
        if ("problem" in answer) logger.debug({ reason: answer.problem.error }, "a receipt was not shown");
      });
  }
}

const keyOf = ({ chatId, topic = 0 }: Place) => `${chatId}/${topic}`;
