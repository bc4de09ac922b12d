import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startTelegram } from "../../../telegram/telegram.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import { configFor, eventOf, post, scratch, until } from "../support.ts";

const CHATS = Array.from({ length: 8 }, (_, index) => index + 1);
const KILLS = 5;

/** Posts events one after the other; an id is acknowledged when the answer was 202. */
async function produce(url: string, name: string, acknowledged: string[], goesOn: () => boolean) {
  for (let n = 0; goesOn(); n += 1) {
    const id = `${name}-${String(n).padStart(4, "0")}`;
    const answer = await post(url, eventOf(id)).catch(() => undefined);
    if (answer?.status === 202) acknowledged.push(id);
    if (answer === undefined) return;
    await sleep(100);
  }
}

test("a bridge killed again and again under load loses nothing, and marks every possible duplicate", {
  timeout: 60_000,
}, async () => {
  await using directory = await scratch();
  // A far higher rate than Telegram's, so that kills meet requests under way; the windows are as strict.
  const limits = { global: 100, perChat: 20, perGroupMinute: 20 };
  const telegram = await startTelegram({ limits });
  telegram.control({ faults: [{ kind: "delay", ms: 15, times: 1_000_000 }] });
  const rates = { messagesPerSecond: limits.global, messagesPerChatPerSecond: limits.perChat };
  const config = configFor(directory.path, telegram.url, { telegram: { allowedUsers: CHATS, ...rates } });
  const acknowledged: string[] = [];
  let marks = 0;

  for (let round = 0; round < KILLS; round += 1) {
    const { child, url, uncertain } = await startBridgeProcess(config);
    marks += uncertain;
    let goesOn = true;
    const producers = ["p", "q"].map((name) => produce(url, `${name}${round}`, acknowledged, () => goesOn));
    const before = telegram.delivered().length;
    await until("deliveries", () => telegram.delivered().length > before + 10);
    await sleep(Math.random() * 400);
    await stopProcess(child, "SIGKILL");
    goesOn = false;
    await Promise.all(producers);
  }

  const { child, uncertain } = await startBridgeProcess(config);
  marks += uncertain;
  const delivered = (id: string, chat: number) =>
    telegram.delivered().some(({ chat_id, text }) => chat_id === chat && text?.startsWith(`ℹ️ Event ${id}\n`));
  const missing = () =>
    acknowledged.flatMap((id) => CHATS.filter((chat) => !delivered(id, chat)).map((chat) => ({ id, chat })));
  await until("everything acknowledged delivered", () => missing().length === 0, 30_000);
  // What was accepted just before a kill, so that nobody was told, is delivered, too.
  let seen = { count: 0, at: 0 };
  const isQuiet = () => {
    const { length: count } = telegram.received();
    if (count !== seen.count) seen = { count, at: performance.now() };
    return performance.now() - seen.at > 1_500;
  };
  await until("Telegram hears no more", isQuiet, 30_000);
  await stopProcess(child, "SIGTERM");

  const db = new DatabaseSync(join(directory.path, "queue.sqlite"));
  const left = db.prepare("SELECT count(*) AS count FROM messages").get()?.count;
  db.close();
  await telegram.close();

  const titles = (chat: number) =>
    telegram
      .delivered()
      .flatMap(({ chat_id, text }) => (chat_id === chat ? [text?.split("\n")[0]?.slice(9) ?? ""] : []));
  const duplicates = CHATS.reduce((sum, chat) => sum + titles(chat).length - new Set(titles(chat)).size, 0);
  console.log(
    `${acknowledged.length} events acknowledged over ${KILLS} kills, ${duplicates} duplicates, ${marks} marks`,
  );
  expect(acknowledged.length).toBeGreaterThan(KILLS * 4);
  expect(duplicates).toBeLessThanOrEqual(marks);
  expect(left).toBe(0);
  expect(telegram.violations()).toEqual([]);
  for (const chat of CHATS) {
    for (const producer of new Set(acknowledged.map((id) => id.split("-")[0] ?? ""))) {
      const order = [...new Set(titles(chat).filter((title) => title.startsWith(`${producer}-`)))];
      expect(order).toEqual([...order].sort());
    }
  }
});
