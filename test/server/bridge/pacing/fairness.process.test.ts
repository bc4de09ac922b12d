import { expect, test } from "vitest";
import { check, nothingFound, type Sent } from "../../../history/checker.ts";
import { startTelegram } from "../../../telegram/telegram.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import { configFor, eventOf, post, scratch, until } from "../support.ts";

const clientOf = (text: string | undefined) => text?.split("— ").at(-1) ?? "";

test("shares and turns of clients hold over a kill, and nothing acknowledged is lost", async () => {
  await using directory = await scratch();
  const telegram = await startTelegram({ limits: { global: 100, perChat: 20, perGroupMinute: 20 } });
  telegram.control({ outage: true });
  const config = configFor(directory.path, telegram.url, {
    queueSizeLimit: 400,
    clientSharePercent: 25,
    telegram: { messagesPerSecond: 100, messagesPerChatPerSecond: 20 },
  });
  const sent: Sent[] = [];
  let uncertain = 0;
  const send = async (url: string, id: string, client: string) => {
    const { status } = await post(url, eventOf(id, { client }));
    if (status === 202) sent.push({ id, sender: client, acknowledged: true });
    return status;
  };

  const first = await startBridgeProcess(config);
  for (let n = 0; n < 100; n += 1) expect(await send(first.url, `greedy-${n}`, "greedy")).toBe(202);
  expect(await send(first.url, "greedy-over", "greedy")).toBe(429);
  for (let n = 0; n < 5; n += 1) expect(await send(first.url, `modest-${n}`, "modest")).toBe(202);
  await stopProcess(first.child, "SIGKILL");

  const second = await startBridgeProcess(config);
  uncertain += second.uncertain;
  expect(await send(second.url, "greedy-again", "greedy")).toBe(429);
  expect(await send(second.url, "late-0", "late")).toBe(202);
  telegram.control({ outage: false });
  await until("some deliveries", () => telegram.delivered().length >= 6);
  await stopProcess(second.child, "SIGKILL");

  const third = await startBridgeProcess(config);
  uncertain += third.uncertain;
  const history = () => {
    const idOf = (text = "") => text.split("\n")[0]?.slice("ℹ️ Event ".length) ?? "";
    const arrivals = telegram.delivered().map(({ text, chat_id = 0 }) => ({ id: idOf(text), recipient: chat_id }));
    return { sent, arrivals, recipients: config.telegram.allowedUsers, uncertain };
  };
  await until("everything acknowledged delivered", () => check(history()).lost.length === 0);
  await stopProcess(third.child, "SIGTERM");
  await telegram.close();

  const seen = [...new Set(telegram.delivered().map(({ text }) => text))];
  // The others' messages come in turns with the greedy one's, who had a hundred in front of them.
  for (const client of ["modest", "late"]) {
    const places = seen.flatMap((text, index) => (clientOf(text) === client ? [index] : []));
    expect(places.at(-1)).toBeLessThanOrEqual(3 * places.length + 2);
  }
  expect(check(history())).toEqual(nothingFound);
  expect(telegram.violations()).toEqual([]);
});
