import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Attention } from "../../../../server/bridge/attention/attention.ts";
import { Store } from "../../../../server/bridge/storage/store.ts";
import { type Scratch, scratch } from "../support.ts";

const ANNA = 1;
const BERT = 2;
const night = { start: "22:00", end: "07:00" };
/** 23:00 in Berlin, 07:00 in Tokyo. */
const now = Date.UTC(2026, 0, 1, 22);

let directory: Scratch;
let store: Store;

beforeEach(async () => {
  directory = await scratch();
});

afterEach(async () => {
  store.close();
  await directory[Symbol.asyncDispose]();
});

const path = () => join(directory.path, "queue.sqlite");

function open(): Attention {
  store = new Store({ path: path(), now: () => now });
  return new Attention({
    store,
    queue: { addLine: () => undefined },
    recipients: [ANNA, BERT, -5],
    quietHours: night,
    timeZone: "Europe/Berlin",
    onLines: () => {},
    now: () => now,
  });
}

const heard = (attention: Attention, user: number) => attention.decide(user, "ordinary");

test("a person's own quiet hours and zone go before everybody's, also after a restart", async () => {
  let attention = open();
  expect([heard(attention, ANNA), heard(attention, BERT), heard(attention, -5)]).toEqual(["silent", "silent", "sound"]);
  await store.write(() => {
    attention.setQuiet(ANNA, { timeZone: "Asia/Tokyo" }, now);
    attention.setQuiet(BERT, { quietHours: "none" }, now);
  });
  const decided = () => [heard(attention, ANNA), heard(attention, BERT)];
  expect(decided()).toEqual(["sound", "sound"]);
  store.close();
  attention = open();
  expect(decided()).toEqual(["sound", "sound"]);
  await store.write(() =>
    attention.setQuiet(ANNA, { quietHours: { start: "06:00", end: "08:00" }, timeZone: "Asia/Tokyo" }, now),
  );
  store.close();
  attention = open();
  expect(decided()).toEqual(["silent", "sound"]);
  await store.write(() => attention.setQuiet(BERT, {}, now));
  expect(decided()).toEqual(["silent", "silent"]);
});

test("a mode leaves them as they are, and they leave the mode", async () => {
  let attention = open();
  await store.write(() => attention.setQuiet(ANNA, { quietHours: "none" }, now));
  await attention.setModes({ client: "claude", mode: "local", user_ids: [ANNA] });
  await store.write(() => attention.setQuiet(ANNA, { quietHours: night }, now));
  store.close();
  attention = open();
  expect(attention.settingsOf(ANNA)).toEqual({ mode: "local", quietHours: night, timeZone: "Europe/Berlin" });
});

test("what cannot be read any more is as for everybody, and nothing falls over", () => {
  open();
  store.close();
  const db = new DatabaseSync(path());
  db.exec("INSERT INTO attention VALUES (1, 'local', '99:99', 'Europe/Atlantis', 'x', 0)");
  db.close();
  expect(open().settingsOf(ANNA)).toEqual({ mode: "local", quietHours: night, timeZone: "Europe/Berlin" });
});

test("a mode that could not be written is not there", async () => {
  const attention = open();
  store.db.exec("CREATE TRIGGER full BEFORE INSERT ON attention BEGIN SELECT RAISE(ABORT, 'no'); END");
  await expect(attention.setModes({ client: "claude", mode: "muted" })).rejects.toThrow();
  expect(attention.modeOf(ANNA)).toBe("nomad");
});
