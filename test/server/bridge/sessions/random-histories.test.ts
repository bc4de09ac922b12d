import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { holdTime } from "../virtual/virtual-bridge.ts";
import { Conversations, holders, names, people, wheres } from "./conversations.ts";

beforeAll(holdTime);
afterAll(() => void vi.useRealTimers());

type Change = { readonly what: string; readonly to: (all: Conversations) => unknown };

function named<T>(
  what: string,
  values: fc.Arbitrary<T>,
  to: (all: Conversations, value: T) => unknown,
): fc.Arbitrary<Change> {
  return values.map((value) => ({ what: `${what} ${JSON.stringify(value)}`, to: (all) => to(all, value) }));
}

const name = fc.constantFrom(...names);
const person = fc.constantFrom(...people);
const holder = fc.constantFrom(...holders);
const where = fc.constantFrom(...wheres);
const held = fc.record({ name, holder });
const at = fc.record({ person, where, name });

const weighted = (weight: number, arbitrary: fc.Arbitrary<Change>) => ({ weight, arbitrary });

const change: fc.Arbitrary<Change> = fc.oneof(
  weighted(
    6,
    named("say", at, (all, { person, where, name }) => all.say(person, all.place(where, person, name))),
  ),
  weighted(
    3,
    named("answer", at, (all, { person, where, name }) => all.say(person, all.place(where, person, name), name)),
  ),
  weighted(
    4,
    named("bind", at, (all, { person, where, name }) => all.bind(person, all.place(where, person, name), name)),
  ),
  weighted(
    1,
    named("unbind", at, (all, { person, where, name }) => all.unbind(person, all.place(where, person, name))),
  ),
  weighted(
    1,
    named("grow", fc.constant(""), (all) => all.grow()),
  ),
  weighted(
    3,
    named("register", fc.record({ name, holder, take_over: fc.boolean() }), (all, one) =>
      all.register(one.name, one.holder, one.take_over),
    ),
  ),
  weighted(
    3,
    named("listen", held, (all, one) => all.listen(one.name, one.holder)),
  ),
  weighted(
    4,
    named("next", held, (all, one) => all.next(one.name, one.holder)),
  ),
  weighted(
    3,
    named(
      "settle",
      fc.record({ name, holder, ending: fc.constantFrom("read" as const, "written" as const) }),
      (all, one) => all.settle(one.name, one.holder, one.ending),
    ),
  ),
  weighted(
    1,
    named("goodbye", held, (all, one) => all.goodbye(one.name, one.holder)),
  ),
  weighted(
    1,
    named("leave", held, (all, one) => all.leave(one.name, one.holder)),
  ),
  weighted(
    3,
    named("reply", at, (all, one) => all.reply(one.name, all.place(one.where, one.person, one.name))),
  ),
  weighted(
    2,
    named("ask", held, (all, one) => all.ask(one.name, one.holder)),
  ),
  weighted(
    2,
    named(
      "spoken",
      fc.record({ person, index: fc.nat(2), word: fc.constantFrom("yes" as const, "no" as const) }),
      (all, one) => all.spoken(one.person, one.index, one.word),
    ),
  ),
  weighted(
    1,
    named("answered", fc.nat(2), (all, index) => all.answered(index)),
  ),
  weighted(
    4,
    named("pass", fc.constantFrom(0, 1_000, 4_000, 30_000, 100_000, 700_000), (all, ms) => all.pass(ms)),
  ),
  weighted(
    1,
    named("restart", fc.constantFrom(0, 10_000, 100_000), (all, ms) => all.virtual.restart(ms)),
  ),
  weighted(
    2,
    named("crash", fc.constantFrom(0, 10_000, 100_000), (all, ms) => all.virtual.crash(ms)),
  ),
  weighted(
    1,
    named("send fails", fc.constantFrom(429, 500, 403), (all, status) =>
      all.fault(status === 429 ? { kind: "rate_limit", seconds: 5, times: 1 } : { kind: "status", status, times: 1 }),
    ),
  ),
  weighted(
    1,
    named(
      "answer lost",
      fc.constantFrom("sendMessage", "getUpdates", "answerCallbackQuery", "createForumTopic"),
      (all, method) => all.fault({ kind: "reset", when: "after", method, times: 1 }),
    ),
  ),
  weighted(
    1,
    named("poll fails", fc.constantFrom(500, 409), (all, status) =>
      all.fault({ kind: "status", status, method: "getUpdates", times: 1 }),
    ),
  ),
);

/** Random changes alone come to some of these rarely. */
const beginnings = {
  new: async () => {},
  bound: async (all: Conversations) => {
    for (const [index, one] of wheres.entries()) {
      const name = names[index % names.length]!;
      if (one !== "made") all.bind(1, all.place(one, 1, name), name);
    }
    for (const one of names) await all.listen(one, "a");
    await all.pass(5_000);
  },
  waiting: async (all: Conversations) => {
    await beginnings.bound(all);
    for (const one of wheres) for (const name of names) all.say(1, all.place(one, 1, name));
    await all.pass(5_000);
    for (const one of names) await all.next(one, "a");
    for (const one of names) for (const where of wheres) all.reply(one, all.place(where, 1, one));
    await all.pass(10_000);
  },
};
const beginning = fc.constantFrom(...(Object.keys(beginnings) as (keyof typeof beginnings)[]));

/** A whole bridge lives through each. */
const numRuns = 6;

test("what is said is heard once, in order, by the session that was bound then, and by no other", {}, async () => {
  await fc.assert(
    fc.asyncProperty(beginning, fc.array(change, { maxLength: 40 }), async (from, history) => {
      const all = await Conversations.begin();
      await using _virtual = all.virtual;
      await beginnings[from](all);
      for (const { to } of history) await to(all);
      await all.end();
      const said = history.map(({ what }) => what).join(", ");
      expect(all.problems, said).toEqual([]);
      for (const one of names) expect(all.heard(one), `${one}: ${said}`).toEqual(all.meant(one));
      const wrong = all.virtual.telegram.violations.filter(({ error }) => !/not modified/.test(error?.message ?? ""));
      expect(wrong, said).toEqual([]);
    }),
    { numRuns },
  );
});
