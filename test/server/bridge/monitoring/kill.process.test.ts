import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { BridgeTelling } from "../../../../contract/monitoring-servers.ts";
import { startTelegram } from "../../../telegram/telegram.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import { configFor, eventOf, post, scratch, signedFetch, until } from "../support.ts";

const KILLS = 5;
const EVENTS = 8;

const ids = Array.from({ length: EVENTS }, (_, n) => `event-${n}`);

async function stateOf(url: string): Promise<BridgeTelling> {
  return (await (await signedFetch(`${url}/monitoring`, "GET")).json()) as BridgeTelling;
}

const retry = (url: string, id: number) =>
  signedFetch(`${url}/monitoring/dead-letters/${id}/retry`, "POST", JSON.stringify({ client: "admin" }));

test("a bridge killed in the middle of retries loses no refused message, and sends none twice but what it marks", async () => {
  await using directory = await scratch();
  const telegram = await startTelegram({ limits: false });
  const rates = { messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 };
  const config = configFor(directory.path, telegram.url, { telegram: { allowedUsers: [1], ...rates } });
  telegram.control({ blocked: [1] });
  const first = await startBridgeProcess(config);
  for (const id of ids) expect((await post(first.url, eventOf(id))).status).toBe(202);
  await until("refusals", async () => (await stateOf(first.url)).queue.dead_letters === EVENTS);
  const letters = (await stateOf(first.url)).dead_letters.map(({ id }) => id);
  telegram.control({ reset: true, faults: [{ kind: "delay", ms: 40, times: 1_000_000 }] });

  let marks = 0;
  let bridge = first;
  for (let round = 0; round < KILLS; round += 1) {
    // Nobody waits for the answers: the kill may come before, within and after the commit.
    const asked = letters.slice(0, round + 2).map((id) => retry(bridge.url, id).catch(() => undefined));
    await sleep(Math.random() * 60);
    await stopProcess(bridge.child, "SIGKILL");
    await Promise.all(asked);
    bridge = await startBridgeProcess(config);
    marks += bridge.uncertain;
    const { queue } = await stateOf(bridge.url);
    expect(queue.dead_letters + queue.pending).toBeLessThanOrEqual(EVENTS);
  }

  for (const id of letters) expect((await retry(bridge.url, id)).status).toBe(200);
  await until("all delivered", async () => (await stateOf(bridge.url)).queue.pending === 0);
  for (const id of letters) {
    // What was done is done, also for whoever missed the answer.
    expect(await (await retry(bridge.url, id)).json()).toMatchObject({ changed: false });
  }
  const { queue, activity } = await stateOf(bridge.url);
  expect(queue).toMatchObject({ pending: 0, dead_letters: 0 });
  expect(activity.filter(({ kind }) => kind === "dead_letter_retried")).toHaveLength(EVENTS);
  await stopProcess(bridge.child, "SIGTERM");

  const db = new DatabaseSync(join(directory.path, "queue.sqlite"), { readOnly: true });
  expect(db.prepare("SELECT count(*) AS count FROM messages").get()).toEqual({ count: 0 });
  expect(db.prepare("SELECT count(*) AS count FROM events WHERE refused > 0").get()).toEqual({ count: 0 });
  db.close();
  const titles = telegram.delivered().map(({ text }) => text?.split("\n")[0] ?? "");
  await telegram.close();
  expect(new Set(titles).size).toBe(EVENTS);
  expect(titles.length - EVENTS).toBeLessThanOrEqual(marks);
});
