import fc from "fast-check";
import { expect, test } from "vitest";
import { laneCount, priorityIn } from "../../../../server/bridge/pacing/lanes.ts";
import { Pacer } from "../../../../server/bridge/pacing/pacer.ts";
import type { PendingMessage } from "../../../../server/bridge/queue/message.ts";

/** A pacer, and beside it what it has been given and not let go. */
class Driven {
  readonly pacer = new Pacer({ messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 });
  readonly known = new Map<number, PendingMessage & { readonly lane: number }>();
  readonly #sending: { readonly id: number; readonly chatId: number }[] = [];
  #now = 0;
  #lastId = 0;

  add(chatId: number, client: string, lane: number): void {
    const message = { id: ++this.#lastId, chatId, client, lane, notBefore: 0 };
    this.known.set(message.id, message);
    this.pacer.add(message);
  }

  remove(nth: number): void {
    const message = [...this.known.values()][nth];
    if (message !== undefined && this.pacer.remove(message)) this.known.delete(message.id);
  }

  send(): void {
    this.#now += 1_000;
    const turn = this.pacer.next(this.#now);
    if (!("id" in turn)) return;
    this.pacer.started(turn.chatId, this.#now);
    this.#sending.push(turn);
  }

  end(isSent: boolean): void {
    const turn = this.#sending.shift();
    if (turn === undefined) return;
    this.pacer.ended(turn.chatId, this.#now);
    if (isSent) {
      this.pacer.settled(turn.chatId, this.#now);
      this.known.delete(turn.id);
    } else this.pacer.retry(turn.chatId, 0);
  }

  /** Telegram tells of it in the answer to a request of that chat: none is under way. */
  migrate(from: number, to: number): void {
    if (this.#sending.length === 0) this.pacer.migrate(from, to);
  }

  sums() {
    const sums = { urgent: 0, normal: 0, bulk: 0 };
    for (const { lane } of this.known.values()) sums[priorityIn(lane)] += 1;
    return sums;
  }
}

type Step = (driven: Driven) => void;

const chat = fc.integer({ min: 1, max: 4 });
const lane = fc.integer({ min: 0, max: laneCount - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(chat, fc.constantFrom("a", "b"), lane).map(
    (message): Step =>
      (driven) =>
        driven.add(...message),
  ),
  fc.nat(20).map(
    (nth): Step =>
      (driven) =>
        driven.remove(nth),
  ),
  fc.constant<Step>((driven) => driven.send()),
  fc.boolean().map(
    (isSent): Step =>
      (driven) =>
        driven.end(isSent),
  ),
  fc.tuple(chat, chat).map(
    (ids): Step =>
      (driven) =>
        driven.migrate(...ids),
  ),
);

test("depths are those of all messages that wait or are under way, whatever comes between", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const driven = new Driven();
      for (const each of steps) {
        each(driven);
        expect(driven.pacer.depths()).toEqual(driven.sums());
      }
    }),
  );
});
