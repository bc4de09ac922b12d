import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sessionLimits } from "../../../../contract/sessions.ts";
import { LeaseEnds } from "../../../../server/bridge/sessions/lease-ends.ts";
import { SessionTable } from "../../../../server/bridge/sessions/session-table.ts";
import { Store } from "../../../../server/bridge/storage/store.ts";
import { type Scratch, scratch } from "../support.ts";

const start = 1_000_000;
const leaseMs = sessionLimits.leaseSeconds * 1_000;

let directory: Scratch;
let store: Store;
let table: SessionTable;
let ended: string[];
let ends: LeaseEnds;

beforeEach(async () => {
  vi.useFakeTimers({ now: start, toFake: ["setTimeout", "clearTimeout", "Date"] });
  directory = await scratch();
  store = new Store({ path: join(directory.path, "queue.sqlite"), now: Date.now });
  table = new SessionTable(store.db);
  begin();
});

afterEach(async () => {
  ends.stop();
  store.close();
  vi.useRealTimers();
  await directory[Symbol.asyncDispose]();
});

function begin(over: Partial<ConstructorParameters<typeof LeaseEnds>[0]> = {}): void {
  ended = [];
  const onEnd = ({ name }: { name: string }) => ended.push(name);
  ends = new LeaseEnds({ table, now: Date.now, onEnd, logger: pino({ level: "silent" }), ...over });
}

function hold(name: string, seconds?: number): void {
  const named = { client: "ci", name };
  const session = table.find(named) ?? table.insert(named, Date.now());
  ends.held(table.hold(session, { holder: "one", generation: 1, lease_seconds: seconds }, Date.now()).heldUntil);
}

test("a lease that runs out is told once, the soonest first", () => {
  for (const [name, seconds] of [["long"], ["short", 5], ["middle", 30]] as const) hold(name, seconds);
  vi.advanceTimersByTime(4_999);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(ended).toEqual(["short"]);
  vi.advanceTimersByTime(leaseMs);
  expect(ended).toEqual(["short", "middle", "long"]);
  vi.advanceTimersByTime(10 * leaseMs);
  expect(ended).toHaveLength(3);
});

test("one that goes on, or whose holder has said that it ends, is not", () => {
  hold("api", 5);
  hold("web", 5);
  vi.advanceTimersByTime(4_000);
  hold("api");
  table.release(table.require({ client: "ci", name: "web" }), Date.now());
  vi.advanceTimersByTime(leaseMs - 1);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(ended).toEqual(["api"]);
});

test("another bridge on the same file goes on with those that have not ended", () => {
  hold("old", 5);
  hold("api");
  ends.stop();
  vi.advanceTimersByTime(10_000);
  begin();
  vi.advanceTimersByTime(leaseMs);
  expect(ended).toEqual(["api"]);
});

test("nothing is looked for once it has stopped, though a session is held after that", () => {
  hold("api", 5);
  ends.stop();
  hold("web", 1);
  expect(vi.getTimerCount()).toBe(0);
});

test("a look that fails is made again", () => {
  ends.stop();
  let failures = 2;
  const endedBetween = (from: number, to: number) => {
    if (failures-- > 0) throw new Error("disk I/O error");
    return table.endedBetween(from, to);
  };
  begin({ table: { endedBetween, nextEnd: (after) => table.nextEnd(after) } });
  hold("api", 5);
  vi.advanceTimersByTime(14_999);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(ended).toEqual(["api"]);
});
