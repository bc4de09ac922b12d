import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { TestGroup } from "../../../telegram/groups.ts";
import { startTelegram } from "../../../telegram/telegram.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import { configFor, eventOf, post, scratch, until } from "../support.ts";

const OPS = -1_001;
const NEWS = -1_002;
const OLD = -5;
const SUPER = -1_003;
const KILLS = 5;

test("a bridge killed again and again loses nothing for a channel by its name, a closed topic and a group that migrates", async () => {
  await using directory = await scratch();
  const telegram = await startTelegram({ limits: { global: 100, perChat: 20, perGroupMinute: 20 } });
  const groups: readonly TestGroup[] = [
    { id: OPS, type: "supergroup", topics: [{ id: 7, isClosed: true }] },
    { id: NEWS, type: "channel", username: "team_news" },
  ];
  const delays = ["sendMessage", "getChat"].map(
    (method) => ({ kind: "delay", ms: 15, times: 10_000, method }) as const,
  );
  telegram.control({ groups, migrated: [[OLD, SUPER]], faults: delays });
  const chats = [
    { name: "alerts", id: OPS, topic: 7 },
    { name: "news", id: "@team_news" },
    { name: "old", id: OLD },
  ];
  const config = configFor(directory.path, telegram.url, {
    telegram: {
      chats,
      routes: [{ clients: ["*"], chats: chats.map(({ name }) => name) }],
      messagesPerSecond: 100,
      messagesPerChatPerSecond: 20,
    },
  });
  const acknowledged: string[] = [];
  let marks = 0;
  for (let round = 0; round < KILLS; round += 1) {
    const { child, url, uncertain } = await startBridgeProcess(config);
    marks += uncertain;
    for (const id of [`${round}a`, `${round}b`]) {
      if ((await post(url, eventOf(id))).status === 202) acknowledged.push(id);
    }
    await sleep(Math.random() * 150);
    await stopProcess(child, "SIGKILL");
  }
  const { child, uncertain } = await startBridgeProcess(config);
  marks += uncertain;
  const ids = (chat: number) =>
    telegram.delivered().flatMap(({ chat_id, text }) => (chat_id === chat ? [text?.slice(9, 11) ?? ""] : []));
  const places = [OPS, NEWS, SUPER];
  const missing = () => places.flatMap((chat) => acknowledged.filter((id) => !ids(chat).includes(id)));
  await until("everything acknowledged delivered", () => missing().length === 0);
  await stopProcess(child, "SIGTERM");
  await telegram.close();

  expect(acknowledged).toHaveLength(KILLS * 2);
  const duplicates = places.reduce((sum, chat) => sum + ids(chat).length - new Set(ids(chat)).size, 0);
  expect(duplicates).toBeLessThanOrEqual(marks);
  for (const chat of places) expect([...new Set(ids(chat))]).toEqual(acknowledged);
  expect(telegram.delivered().filter(({ message_thread_id }) => message_thread_id !== undefined)).toEqual([]);
  expect(telegram.violations()).toEqual([]);
});
