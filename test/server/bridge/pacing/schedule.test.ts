import fc from "fast-check";
import { expect, test } from "vitest";
import { ChatLine } from "../../../../server/bridge/pacing/chat-line.ts";
import { Depths } from "../../../../server/bridge/pacing/depths.ts";
import { laneCount } from "../../../../server/bridge/pacing/lanes.ts";
import { Schedule } from "../../../../server/bridge/pacing/schedule.ts";
import { SlidingWindow } from "../../../../server/bridge/pacing/sliding-window.ts";

const lanes = Array.from({ length: laneCount }, (_, lane) => lane);
const lineOf = () => new ChatLine([new SlidingWindow(2, 500)], () => false, new Depths());

/** Chats, and the schedule that is told of each change. */
class Chats {
  readonly schedule = new Schedule();
  readonly lines = Array.from({ length: 8 }, lineOf);
  now = 0;
  #nextId = 1;

  add(chat: number, lane: number): void {
    this.#line(chat).add({ id: this.#nextId++, client: `client-${lane}`, notBefore: 0, lane });
    this.schedule.put(chat, this.#line(chat));
  }

  removeFirst(chat: number): void {
    const { turn } = this.#line(chat);
    if (turn !== undefined) this.#line(chat).remove({ ...turn, notBefore: 0 });
    this.schedule.put(chat, this.#line(chat));
  }

  serve(chat: number): void {
    const line = this.#line(chat);
    if (line.readyAt > this.now) return;
    line.start();
    line.lastServed = this.now;
    for (const window of line.windows) window.start();
    this.schedule.put(chat, line);
    for (const window of line.windows) window.end(this.now);
    line.settle();
    this.schedule.put(chat, line);
  }

  wait(chat: number, lane: number): void {
    this.#line(chat).wait(this.now + 100 * lane, "pause");
    this.schedule.put(chat, this.#line(chat));
  }

  forget(chat: number): void {
    this.schedule.forget(this.#line(chat));
    this.lines[chat] = lineOf();
  }

  /** What the schedule finds in a lane. */
  asked(lane: number) {
    return { due: this.schedule.due(lane, this.now)?.id, nextAt: this.schedule.nextAt(lane) };
  }

  /** What a look at every chat finds. */
  seen(lane: number) {
    const inLane = this.lines.filter(({ turn }) => turn?.lane === lane);
    const due = inLane.filter(({ readyAt }) => readyAt <= this.now);
    const order = (a: ChatLine, b: ChatLine) =>
      a.lastServed === b.lastServed ? (a.head ?? 0) - (b.head ?? 0) : a.lastServed - b.lastServed;
    const later = inLane.map(({ readyAt }) => readyAt).filter((at) => at > this.now);
    return { due: due.sort(order)[0]?.head, nextAt: Math.min(Number.POSITIVE_INFINITY, ...later) };
  }

  #line(chat: number): ChatLine {
    const line = this.lines[chat];
    if (line === undefined) throw new Error(`there is no chat ${chat}`);
    return line;
  }
}

const step = fc.record({
  what: fc.constantFrom("add", "add", "removeFirst", "serve", "wait", "forget"),
  chat: fc.nat(7),
  lane: fc.nat(laneCount - 1),
  after: fc.nat(300),
});

test("it finds what a look at every chat would find, whatever became of them", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 300 }), (steps) => {
      const chats = new Chats();
      for (const { what, chat, lane, after } of steps) {
        chats.now += after;
        chats[what](chat, lane);
        expect(lanes.map((each) => chats.asked(each))).toEqual(lanes.map((each) => chats.seen(each)));
      }
    }),
  );
});
