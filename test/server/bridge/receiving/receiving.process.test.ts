import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startTelegram } from "../../../telegram/telegram.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import { bridgeFor, configFor, eventOf, post, scratch, TOKEN, until, wrongs } from "../support.ts";

const ANNA = { id: 1, first_name: "Anna" };
const KILLS = 25;
const POLLING = { updates: { mode: "Polling", pollSeconds: 25 } } as const;

test("every update has its effect once, however often the bridge is killed", { timeout: 180_000 }, async () => {
  await using directory = await scratch();
  const telegram = await startTelegram({
    tokens: [TOKEN],
    limits: { global: 1_000, perChat: 1_000, perGroupMinute: 20 },
  });
  // Requests that take a while, so that kills meet them under way.
  telegram.control({ faults: [{ kind: "delay", method: "getUpdates", ms: 3, times: 1_000_000 }] });
  const rates = { messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 };
  const config = configFor(directory.path, telegram.url, { telegram: { ...POLLING, ...rates } });
  const said: string[] = [];
  const strangers = new Set<number>();
  /** People talk while the bridge lives, dies and is away. */
  const talk = async (goesOn: () => boolean) => {
    for (; goesOn(); await sleep(Math.random() * 40)) {
      const text = `said ${said.length}`;
      said.push(text);
      telegram.control({ says: [{ from: ANNA, text }] });
      if (said.length % 5 !== 0) continue;
      const id = 1_000 + said.length;
      strangers.add(id);
      telegram.control({ says: [{ from: { id }, text: "let me in" }] });
    }
  };

  const first = await startBridgeProcess(config);
  expect((await post(first.url, eventOf("e1"))).status).toBe(202);
  await until("the event", () => telegram.delivered().length === 1);
  let goesOn = true;
  const talking = talk(() => goesOn);
  let { child } = first;
  for (let round = 0; round < KILLS; round += 1) {
    const { size: before } = telegram.handedOut(TOKEN);
    await until("updates", () => telegram.handedOut(TOKEN).size > before + 3);
    await sleep(Math.random() * 60);
    await stopProcess(child, "SIGKILL");
    ({ child } = await startBridgeProcess(config));
  }
  goesOn = false;
  await talking;
  const told = () => new Set(telegram.delivered().flatMap(({ chat_id = 0 }) => (chat_id > 1_000 ? [chat_id] : [])));
  await until("the last stranger", () => told().size === strangers.size, 60_000);
  await until("all updates", () => telegram.handedOut(TOKEN).size === said.length + strangers.size, 60_000);
  telegram.control({ says: [{ from: ANNA, text: "the last word" }] });
  said.push("the last word");
  await until("the last word", () => telegram.handedOut(TOKEN).size === said.length + strangers.size);
  await stopProcess(child, "SIGTERM");

  const db = new DatabaseSync(join(directory.path, "queue.sqlite"));
  const texts = db
    .prepare("SELECT text FROM responses ORDER BY id")
    .all()
    .map(({ text }) => text);
  const taken = Number(db.prepare("SELECT max(id) AS count FROM taken_updates").get()?.count);
  db.close();
  await telegram.close();
  const again = [...telegram.handedOut(TOKEN).values()].filter((times) => times > 1).length;
  console.log(
    `${said.length} texts and ${strangers.size} strangers over ${KILLS} kills; ${again} updates handed out again`,
  );
  expect(texts).toEqual(said);
  expect(taken).toBe(said.length + strangers.size);
  expect(again).toBeGreaterThan(0);
  expect(wrongs(telegram.violations())).toEqual([]);
});

test("a poll whose connection died silently is seen in readiness within 45 s, and the next one receives", async () => {
  await using directory = await scratch();
  const telegram = await startTelegram({ tokens: [TOKEN] });
  telegram.control({ faults: [{ kind: "hang", method: "getUpdates", times: 100 }] });
  const updates = { mode: "Polling", pollSeconds: 5 } as const;
  await using bridge = await bridgeFor(configFor(directory.path, telegram.url, { telegram: { updates } }));
  await until("readiness", () => bridge.obstacles().length === 0);
  await until("the problem", () => bridge.status().receiving?.error !== undefined);
  expect(bridge.status().receiving?.error).toContain("timed out");
  await until("the obstacle", () => bridge.obstacles().length === 1, 60_000);
  expect(bridge.obstacles()[0]).toMatch(/what people say is not received for 45 s/);
  expect((await fetch(`${bridge.url}/health/ready`)).status).toBe(503);
  expect(bridge.status().health).toBe("degraded");
  expect(await bridge.metric("cctelegram_updates_silence_seconds")).toBeGreaterThan(45);
  telegram.control({ reset: true, says: [{ from: ANNA, text: "anybody there?" }] });
  await until("the text", () => bridge.responses({ since: 0, limit: 1 }).length === 1);
  await until("readiness", () => bridge.obstacles().length === 0);
  expect(bridge.status().health).toBe("healthy");
  await bridge.close();
  await telegram.close();
});

test("a second bridge in the same data directory asks Telegram for nothing: the first one goes on receiving", async () => {
  await using directory = await scratch();
  const telegram = await startTelegram({ tokens: [TOKEN] });
  const config = configFor(directory.path, telegram.url, { telegram: POLLING });
  const { child } = await startBridgeProcess(config);
  await expect(bridgeFor(config)).rejects.toThrow(/in use by another bridge/);
  await sleep(300);
  expect(telegram.violations()).toEqual([]);
  await stopProcess(child, "SIGTERM");
  await telegram.close();
});
