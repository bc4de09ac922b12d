import { expect, test } from "vitest";
import { type Arrival, check, type History, killsOf, nothingFound } from "./checker.ts";

const sent = ["a-1", "b-1", "a-2"].map((id) => ({ id, sender: id.slice(0, 1), acknowledged: true }));

const arrivals = (recipient: number, ...ids: readonly string[]): readonly Arrival[] =>
  ids.map((id) => ({ id, recipient }));

function found(came: readonly Arrival[], more: Partial<History> = {}) {
  return check({ sent, arrivals: came, recipients: [1], uncertain: 0, ...more });
}

test("a history in which each came once, in its sender's order, has no findings", () => {
  expect(found(arrivals(1, "a-1", "a-2", "b-1"))).toEqual(nothingFound);
  expect(found(arrivals(1, "b-1", "a-1", "a-2"))).toEqual(nothingFound);
});

test("what was acknowledged and is not there is lost, for each recipient; what was not acknowledged may be there or not", () => {
  expect(found(arrivals(1, "a-1", "a-2"))).toEqual({ ...nothingFound, lost: arrivals(1, "b-1") });
  const both = [...arrivals(1, "a-1", "a-2", "b-1"), ...arrivals(2, "b-1", "a-2")];
  expect(found(both, { recipients: [1, 2] }).lost).toEqual(arrivals(2, "a-1"));
  const unsure = { sent: [...sent, { id: "a-3", sender: "a", acknowledged: false }] };
  expect(found(arrivals(1, "a-1", "a-2", "b-1"), unsure)).toEqual(nothingFound);
  expect(found(arrivals(1, "a-1", "a-2", "b-1", "a-3"), unsure)).toEqual(nothingFound);
});

test("what comes again is doubled, unless as many deliveries were uncertain", () => {
  const twice = arrivals(1, "a-1", "a-1", "a-2", "b-1");
  expect(found(twice)).toEqual({ ...nothingFound, doubled: arrivals(1, "a-1") });
  expect(found(twice, { uncertain: 1 })).toEqual(nothingFound);
  expect(found([...twice, ...arrivals(1, "b-1")], { uncertain: 1 }).doubled).toHaveLength(1);
});

test("what comes after a later one of its sender is late", () => {
  expect(found(arrivals(1, "a-2", "a-1", "b-1"))).toEqual({ ...nothingFound, late: arrivals(1, "a-1") });
});

test("what nobody sent, or came to somebody else, is foreign", () => {
  expect(found(arrivals(1, "a-1", "a-2", "b-1", "c-1")).foreign).toEqual(arrivals(1, "c-1"));
  expect(found([...arrivals(1, "a-1", "a-2", "b-1"), ...arrivals(7, "b-1")]).foreign).toEqual(arrivals(7, "b-1"));
});

test("CCTELEGRAM_KILLS raises the number of kills, and does not lower it", () => {
  expect([killsOf(5, {}), killsOf(5, { CCTELEGRAM_KILLS: "200" }), killsOf(5, { CCTELEGRAM_KILLS: "1" })]).toEqual([
    5, 200, 5,
  ]);
  expect(() => killsOf(5, { CCTELEGRAM_KILLS: "many" })).toThrow(
    'CCTELEGRAM_KILLS is "many"; it has to be a whole number, such as 200.',
  );
});
