import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { BridgeStatus } from "../../../../contract/bridge-status.ts";
import { check, killsOf, nothingFound, type Sent } from "../../../history/checker.ts";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import { configFor, eventOf, post, scratch, signedFetch, until } from "../support.ts";

const CHATS = Array.from({ length: 8 }, (_, index) => index + 1);
const KILLS = killsOf(5);
/** What is acknowledged between two kills, at least. */
const EVENTS = 4;

/** Posts events one after the other; an id is acknowledged when the answer was 202. */
async function produce(url: string, sender: string, sent: Sent[], goesOn: () => boolean) {
  for (let n = 0; goesOn(); n += 1) {
    const id = `${sender}-${String(n).padStart(4, "0")}`;
    const place = sent.push({ id, sender, acknowledged: false }) - 1;
    const answer = await post(url, eventOf(id)).catch(() => undefined);
    if (answer?.status === 202) sent[place] = { id, sender, acknowledged: true };
    if (answer === undefined) return;
    await sleep(100);
  }
}

/** What came, in order: the title tells the event. */
const arrivals = (telegram: TelegramServer) =>
  telegram.delivered().map(({ chat_id = 0, text = "" }) => ({
    id: text.split("\n")[0]?.slice("ℹ️ Event ".length) ?? "",
    recipient: chat_id,
  }));

test("a bridge killed again and again under load loses nothing, and marks every possible duplicate", {
  timeout: 60_000 + KILLS * 4_000,
}, async () => {
  await using directory = await scratch();
  // A far higher rate than Telegram's, so that kills meet requests under way; the windows are as strict.
  const limits = { global: 100, perChat: 20, perGroupMinute: 20 };
  const telegram = await startTelegram({ limits });
  telegram.control({ faults: [{ kind: "delay", ms: 15, times: 1_000_000 }] });
  const rates = { messagesPerSecond: limits.global, messagesPerChatPerSecond: limits.perChat };
  const config = configFor(directory.path, telegram.url, { telegram: { allowedUsers: CHATS, ...rates } });
  const sent: Sent[] = [];
  const acknowledged = () => sent.filter((each) => each.acknowledged).length;
  let marks = 0;

  for (let round = 0; round < KILLS; round += 1) {
    const { child, url, uncertain } = await startBridgeProcess(config);
    marks += uncertain;
    let goesOn = true;
    const producers = ["p", "q"].map((name) => produce(url, `${name}${round}`, sent, () => goesOn));
    const before = { delivered: telegram.delivered().length, acknowledged: acknowledged() };
    const isBusy = () =>
      telegram.delivered().length > before.delivered + 10 && acknowledged() >= before.acknowledged + EVENTS;
    await until("events taken and delivered", isBusy);
    await sleep(Math.random() * 400);
    await stopProcess(child, "SIGKILL");
    goesOn = false;
    await Promise.all(producers);
  }

  const { child, url, uncertain } = await startBridgeProcess(config);
  marks += uncertain;
  const history = () => ({ sent, arrivals: arrivals(telegram), recipients: CHATS, uncertain: marks });
  await until("everything acknowledged delivered", () => check(history()).lost.length === 0, 30_000 + KILLS * 1_000);
  // What was accepted just before a kill, so that nobody was told, is delivered, too.
  const pending = async () => {
    const { queue } = (await (await signedFetch(`${url}/status`, "GET")).json()) as BridgeStatus;
    return queue.pending;
  };
  await until("an empty queue", async () => (await pending()) === 0);
  await stopProcess(child, "SIGTERM");

  const db = new DatabaseSync(join(directory.path, "queue.sqlite"));
  const left = db.prepare("SELECT count(*) AS count FROM messages").get()?.count;
  db.close();
  await telegram.close();

  const doubled = check({ ...history(), uncertain: 0 }).doubled.length;
  console.log(`${acknowledged()} events acknowledged over ${KILLS} kills, ${doubled} duplicates, ${marks} marks`);
  expect(acknowledged()).toBeGreaterThanOrEqual(KILLS * EVENTS);
  expect(check(history())).toEqual(nothingFound);
  expect(left).toBe(0);
  expect(telegram.violations()).toEqual([]);
});
