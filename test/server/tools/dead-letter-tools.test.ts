import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTelegram, type TelegramServer } from "../../telegram/telegram.ts";
import { bridgeFor, configFor, type Scratch, SECRET, scratch, type TestBridge, until } from "../bridge/support.ts";
import { reply, secret, startFakeBridge } from "../support/fake-bridge.ts";
import { keys, startServer, type TestServer } from "../support/server.ts";

const key = {
  ci: "key-of-ci-with-the-usual-permissions",
  ops: "key-of-somebody-who-looks-after-all",
  reader: "key-of-a-reader-without-this-permission",
};

let directory: Scratch;
let telegram: TelegramServer;
let bridge: TestBridge;
let server: TestServer;

beforeEach(async () => {
  directory = await scratch();
  telegram = await startTelegram();
  telegram.control({ blocked: [1] });
  bridge = await bridgeFor(configFor(directory.path, telegram.url, { telegram: { messagesPerChatPerSecond: 20 } }));
  const MCP_API_KEYS = JSON.stringify({
    [key.ci]: { name: "ci", permissions: ["send_telegram_message", "group:queue"], enabled: true },
    [key.ops]: { name: "ops", permissions: ["group:queue", "manage_dead_letters"], enabled: true },
    [key.reader]: { name: "reader", permissions: ["send_telegram_message"], enabled: true },
  });
  server = await startServer(bridge.url, { HMAC_SECRET: SECRET, MCP_API_KEYS });
});

afterEach(async () => {
  await server.close();
  await bridge.close();
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

// biome-ignore lint/suspicious/noExplicitAny: it is looked into by name.
type Told = any;

async function call(who: string, name: string, json: object = {}): Promise<{ status: number; body: Told }> {
  const response = await server.fetch(`/tools/${name}`, { key: who, json });
  return { status: response.status, body: await response.json() };
}

/** Messages of a client that Telegram has refused. */
async function refused(who: string, count: number): Promise<readonly number[]> {
  const before = bridge.status().queue.failed;
  for (let n = 0; n < count; n += 1)
    expect((await call(who, "send_telegram_message", { message: `m${n}` })).status).toBe(200);
  await until("the refusals", () => bridge.status().queue.failed === before + count);
  return bridge.monitoring.deadLetters({ limit: count }).dead_letters.map(({ id }) => id);
}

const listed = async (who: string, json: object = {}) => {
  const { body } = await call(who, "list_dead_letters", json);
  return { ids: body.dead_letters.map(({ id }: { id: number }) => id), next: body.next_before };
};

describe("refused messages", () => {
  test("are listed page by page with the reason, the own ones, and everybody's to whom it is permitted", async () => {
    const own = await refused(key.ci, 3);
    const [foreign] = await refused(key.reader, 1);
    expect(await listed(key.ci, { limit: 2 })).toEqual({ ids: own.slice(0, 2), next: own[1] });
    expect(await listed(key.ci, { limit: 2, before: own[1] })).toEqual({ ids: own.slice(2), next: undefined });
    expect(await listed(key.ops)).toEqual({ ids: [foreign, ...own], next: undefined });
    const { body } = await call(key.ci, "list_dead_letters", { limit: 1 });
    expect(body.dead_letters).toMatchObject([{ client: "ci", chat: "1", reason: expect.stringMatching(/blocked/) }]);
    expect((await call(key.reader, "list_dead_letters")).status).toBe(403);
    for (const wrong of [{ limit: 0 }, { limit: 101 }, { before: 0 }])
      expect((await call(key.ci, "list_dead_letters", wrong)).status, JSON.stringify(wrong)).toBe(400);
  });

  test("are sent again or dropped once, by their own client or by whom it is permitted", async () => {
    const [second = 0, first = 0] = await refused(key.ci, 2);
    const [foreign = 0] = await refused(key.reader, 1);
    for (const fate of ["retry", "drop"] as const) {
      const answer = await call(key.ci, `${fate}_dead_letter`, { id: foreign });
      expect([answer.status, answer.body.code]).toEqual([404, "DEAD_LETTER_NOT_FOUND"]);
      expect((await call(key.reader, `${fate}_dead_letter`, { id: foreign })).status).toBe(403);
    }
    telegram.control({ reset: true });
    const again = { success: true, event_id: expect.any(String) };
    expect((await call(key.ci, "retry_dead_letter", { id: first })).body).toMatchObject({ ...again, changed: true });
    await until("the message", () => telegram.delivered().length === 1);
    expect((await call(key.ci, "retry_dead_letter", { id: first })).body).toMatchObject({ ...again, changed: false });
    expect((await call(key.ci, "drop_dead_letter", { id: second })).body).toMatchObject({ ...again, changed: true });
    expect((await call(key.ops, "retry_dead_letter", { id: foreign })).body).toMatchObject({ ...again, changed: true });
    await until("the other one", () => telegram.delivered().length === 2);
    expect(await listed(key.ops)).toEqual({ ids: [], next: undefined });
    expect(telegram.delivered().map(({ text }) => /m\d/.exec(text ?? "")?.[0])).toEqual(["m0", "m0"]);
  });
});

test("a bridge of the version before, which knows no owners, settles nothing for who may only settle their own", async () => {
  const former = await startFakeBridge();
  former.intercept = ({ url = "" }, response) => {
    if (!url.includes("own-dead-letters")) return false;
    reply(response, 404, { error: true, code: "NOT_FOUND", message: "not there" });
    return true;
  };
  const permissions = ["retry_dead_letter"];
  const MCP_API_KEYS = JSON.stringify({ [keys.messages]: { name: "ci", permissions, enabled: true } });
  const newer = await startServer(former.url, { HMAC_SECRET: secret, MCP_API_KEYS });
  const answer = await newer.fetch("/tools/retry_dead_letter", { key: keys.messages, json: { id: 7 } });
  expect([answer.status, ((await answer.json()) as Told).code]).toEqual([502, "BRIDGE_REFUSED"]);
  expect(former.requests.filter((each) => each.includes("dead-letters/7"))).toEqual([
    "POST /monitoring/own-dead-letters/7/retry",
  ]);
  await newer.close();
  await former.close();
});
