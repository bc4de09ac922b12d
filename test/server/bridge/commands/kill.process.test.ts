import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startTelegram } from "../../../telegram/telegram.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import { configFor, scratch, TOKEN, until, wrongs } from "../support.ts";

const KILLS = 20;
const PEOPLE = Array.from({ length: 100 }, (_, n) => n + 1);
const LIMITS = { global: 1_000, perChat: 1_000, perGroupMinute: 20 };

test("every command is answered once, however often the bridge is killed before it can answer", {
  timeout: 180_000,
}, async () => {
  await using directory = await scratch();
  const telegram = await startTelegram({ tokens: [TOKEN], limits: LIMITS });
  const config = configFor(directory.path, telegram.url, {
    telegram: {
      allowedUsers: PEOPLE,
      updates: { mode: "Polling", pollSeconds: 25 },
      messagesPerSecond: 1_000,
      messagesPerChatPerSecond: 1_000,
    },
  });
  // Kills meet requests for updates under way, and nothing that is to be said leaves.
  telegram.control({
    faults: [
      { kind: "delay", method: "getUpdates", ms: 3, times: 1_000_000 },
      { kind: "status", method: "sendMessage", status: 500, times: 1_000_000 },
    ],
  });
  const given: string[] = [];
  let goesOn = true;
  const giving = async () => {
    for (; goesOn; await sleep(Math.random() * 30)) {
      // Four answers may wait for a person.
      const id = PEOPLE[given.length % PEOPLE.length]!;
      if (given.length >= PEOPLE.length * 4) return;
      const text = `/unknown_${given.length}`;
      given.push(text);
      telegram.control({ says: [{ from: { id }, text }] });
    }
  };
  let { child } = await startBridgeProcess(config);
  await until("the first request", () => telegram.calls("getMe").length > 0);
  const talking = giving();
  for (let round = 0; round < KILLS; round += 1) {
    const { size: before } = telegram.handedOut(TOKEN);
    await until("updates", () => telegram.handedOut(TOKEN).size > before || given.length >= PEOPLE.length * 4);
    await sleep(Math.random() * 40);
    await stopProcess(child, "SIGKILL");
    ({ child } = await startBridgeProcess(config));
  }
  goesOn = false;
  await talking;
  await until("all updates", () => telegram.handedOut(TOKEN).size === given.length);
  await stopProcess(child, "SIGTERM");
  expect(telegram.delivered()).toEqual([]);

  telegram.control({ reset: true });
  ({ child } = await startBridgeProcess(config));
  const answers = () =>
    telegram.delivered().map(({ text = "" }) => /There is no command (\S+)\./.exec(text)?.[1] ?? text);
  await until("every answer", () => new Set(answers()).size >= given.length, 60_000);
  await stopProcess(child, "SIGTERM");
  await telegram.close();
  const again = [...telegram.handedOut(TOKEN).values()].filter((times) => times > 1).length;
  console.log(`${given.length} commands over ${KILLS} kills; ${again} updates handed out again`);
  expect(given.length).toBeGreaterThan(KILLS);
  expect([...answers()].sort()).toEqual([...given].sort());
  expect(wrongs(telegram.violations())).toEqual([]);
});
