import { mkdir, rename, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { localBridgeClient } from "../../server/bridge-client/local-bridge-client.ts";
import { type OwnBridge, openOwnBridge } from "../../server/roles/own-bridge.ts";
import { createAudit } from "../../server/telemetry/audit.ts";
import { startTelegram } from "../telegram/telegram.ts";
import { configFor, eventOf, scratch, until } from "./bridge/support.ts";

async function stage() {
  const directory = await scratch();
  const telegram = await startTelegram({ limits: false });
  const target = join(directory.path, "target");
  const dataDir = join(directory.path, "data");
  await mkdir(target);
  await symlink(target, dataDir);
  const registry = new Registry();
  const log: string[] = [];
  const logger = pino({ level: "trace" }, { write: (line: string) => void log.push(line) });
  const config = configFor(dataDir, telegram.url, { telegram: { messagesPerChatPerSecond: 1_000 } });
  const audit = createAudit({ enabled: true, content: false, logger, steady: () => performance.now() });
  const version = "1.2.3";
  const own: OwnBridge = await openOwnBridge({ config, logger, audit, registry, clock: Date.now, version });
  const client = localBridgeClient(own.local);
  return {
    ...{ telegram, registry, log, own, client },
    /** Puts a file where the directory was, so that nothing can be opened there. */
    async takeAway() {
      await unlink(dataDir);
      await writeFile(dataDir, "");
    },
    async giveBack() {
      await symlink(target, `${dataDir}.new`);
      await rename(`${dataDir}.new`, dataDir);
    },
    arrived: (count: number) => until(`${count} messages`, () => telegram.delivered().length >= count),
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await own.close();
      await telegram.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

test("a bridge opened again counts anew under the same names, on the same port, and hears the relay's followers", async () => {
  await using s = await stage();
  await s.client.send(eventOf("a"));
  await s.arrived(1);
  await until("the record", async () => (await s.client.status()).queue.pending === 0);
  const names = s.registry.getMetricsAsArray().map(({ name }) => name);
  const { url } = s.own;
  const heard: string[] = [];
  let gaps = 0;
  s.client.relay.subscribe(
    ({ text }) => void heard.push(text),
    () => {
      gaps += 1;
    },
  );
  const before = await s.client.control.state();
  const after = await s.client.control.restart("claude");
  expect(after).toMatchObject({ changed: true });
  expect(after.instance).not.toBe(before.instance);
  expect(s.own.url).toBe(url);
  expect(
    s.registry
      .getMetricsAsArray()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(names.sort());
  expect(await s.registry.metrics()).toMatch(/^cc_telegram_events_processed_total 0$/m);
  await until("news of the gap", () => gaps > 0);
  await s.client.relay.publish("topic", "hello again");
  await until("the message", () => heard.includes("hello again"));
  // The event of before is known to the new one.
  expect(await s.client.send(eventOf("a"))).toMatchObject({ duplicate: true });
});

test("while it cannot be opened again calls wait, and nothing that was accepted is lost", async () => {
  await using s = await stage();
  await s.client.control.pause("claude");
  await s.client.send(eventOf("a"));
  await s.takeAway();
  const restarted = s.client.control.restart("claude");
  await until("the problem", () => s.log.some((line) => line.includes("cannot be opened again yet")));
  let answered = false;
  const sent = s.client.send(eventOf("b")).finally(() => {
    answered = true;
  });
  const status = s.client.status();
  await until("another try", () => s.log.filter((line) => line.includes("cannot be opened again yet")).length > 1);
  expect(answered).toBe(false);
  await s.giveBack();
  expect(await restarted).toMatchObject({ changed: true, paused: { by: "claude" } });
  expect(await sent).toMatchObject({ duplicate: false });
  expect(await status).toMatchObject({ running: true });
  await s.client.control.resume("claude");
  await s.arrived(2);
});

test("it can be closed for good while it cannot be opened again", async () => {
  await using s = await stage();
  await s.takeAway();
  const restarted = s.client.control.restart("claude").catch((error: unknown) => error);
  await until("the problem", () => s.log.some((line) => line.includes("cannot be opened again yet")));
  await s.own.close();
  await expect(s.client.send(eventOf("a"))).rejects.toMatchObject({ code: "BRIDGE_UNAVAILABLE" });
  void restarted;
});
