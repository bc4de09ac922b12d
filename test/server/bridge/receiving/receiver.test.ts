import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { responsesSchema } from "../../../../contract/responses.ts";
import { freePort } from "../../../../e2e/cluster/free-ports.ts";
import type { UpdatesConfig } from "../../../../server/bridge/config.ts";
import { webhookSecret } from "../../../../server/bridge/receiving/webhook.ts";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import {
  bridgeFor,
  configFor,
  eventOf,
  type Overrides,
  type Scratch,
  scratch,
  signedFetch,
  type TestBridge,
  TOKEN,
  until,
} from "../support.ts";

const ANNA = { id: 1, first_name: "Anna", username: "anna" };
const MALLORY = { id: 66, first_name: "Mallory" };

let telegram: TelegramServer;
let directory: Scratch;
let bridge: TestBridge | undefined;

beforeEach(async () => {
  telegram = await startTelegram({ tokens: [TOKEN] });
  directory = await scratch();
});

afterEach(async () => {
  await bridge?.close();
  bridge = undefined;
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

const POLLING: UpdatesConfig = { mode: "Polling", pollSeconds: 1 };

async function start(updates = POLLING, { port = 0, telegram: more = {} }: Overrides = {}): Promise<TestBridge> {
  bridge = await bridgeFor(configFor(directory.path, telegram.url, { port, telegram: { updates, ...more } }));
  // The stand-in knows a bot from its first request on: nobody can write to it before.
  await until("Telegram's answer", () => bridge?.status().telegram.error !== "not asked yet");
  return bridge;
}

const receiving = () => bridge?.status().receiving;
const texts = () => bridge?.responses({ since: 0, limit: 100 }).map(({ text }) => text) ?? [];
const hears = (...words: string[]) => until(`${words}`, () => words.every((word) => texts().includes(word)));
const polls = () => telegram.calls("getUpdates");

describe("a bridge that polls", () => {
  test("ties an answer to the event, and tells all that follow it; free text answers none", async () => {
    const { relay, accept, eventStatus, url } = await start();
    const { position } = await relay.follow({ after: "now", wait_ms: 0 }, new AbortController().signal);
    await accept(eventOf("e1"));
    await until("the delivery", () => telegram.delivered().length === 1);
    const [message] = telegram.delivered();
    await until("its record", () => eventStatus("e1", "tester").state === "sent");
    telegram.control({
      says: [
        { from: ANNA, text: "ship it", reply_to: message!.message_id! },
        { from: ANNA, text: "hi" },
      ],
    });
    await hears("ship it", "hi");
    expect(eventStatus("e1", "tester").replies).toMatchObject([{ text: "ship it", user_id: 1, username: "anna" }]);
    const told = await relay.follow({ after: position, wait_ms: 0 }, new AbortController().signal);
    expect(told.messages.filter(({ topic }) => topic === "responses").map(({ text }) => JSON.parse(text))).toEqual([
      { event_id: "e1", client: "tester" },
      {},
    ]);
    expect(told.messages.filter(({ topic }) => topic === "event/e1").length).toBeGreaterThanOrEqual(2);
    const ask = async (query: string) =>
      responsesSchema.parse(await (await signedFetch(`${url}/responses${query}`, "GET")).json()).responses;
    expect((await ask("")).map(({ text, event_id }) => [text, event_id])).toEqual([
      ["hi", null],
      ["ship it", "e1"],
    ]);
    expect((await ask("?client=somebody-else")).map(({ text }) => text)).toEqual(["hi"]);
    expect((await ask("?limit=1")).map(({ text }) => text)).toEqual(["hi"]);
    expect((await ask("?kind=click")).length).toBe(0);
    const [newest] = await ask("");
    expect((await ask(`?before=${newest?.id}`)).map(({ text }) => text)).toEqual(["ship it"]);
    const { total } = responsesSchema.parse(await (await signedFetch(`${url}/responses?limit=1`, "GET")).json());
    expect(total).toBe(2);
    expect((await signedFetch(`${url}/responses?limit=0`, "GET")).status).toBe(400);
    expect((await fetch(`${url}/responses`)).status).toBe(401);
    expect(telegram.violations()).toEqual([]);
  });

  test("forgets what a signed caller says is old, of one client, and nothing for others", async () => {
    const { url } = await start();
    telegram.control({ says: [{ from: ANNA, text: "hi" }] });
    await hears("hi");
    const clear = (query: string) => signedFetch(`${url}/responses?${query}`, "DELETE");
    const later = new Date(Date.now() + 60_000).toISOString();
    expect((await fetch(`${url}/responses?client=a&until=${later}&unclaimed=true`, { method: "DELETE" })).status).toBe(
      401,
    );
    for (const query of [
      "limit=1",
      `client=a`,
      `until=${later}`,
      "client=a&until=yesterday",
      `client=a&until=${later}&unclaimed=1`,
    ]) {
      expect((await clear(query)).status, query).toBe(400);
    }
    expect(await (await clear(`client=tester&until=${later}`)).json()).toEqual({ deleted: 0 });
    expect(texts()).toEqual(["hi"]);
    expect(await (await clear(`client=tester&until=${later}&unclaimed=true`)).json()).toEqual({ deleted: 1 });
    expect(texts()).toEqual([]);
  });

  test("asks for the kinds of updates that it knows, and for nothing else", async () => {
    await start();
    await until("a poll", () => polls().length > 0);
    expect(polls()[0]?.parameters).toMatchObject({ allowed_updates: ["message", "callback_query"] });
  });

  test("tells a stranger the id for the administrator once, counts the others, and takes nothing from them", async () => {
    const { metric } = await start();
    telegram.control({
      says: [
        { from: MALLORY, text: "/start" },
        { from: MALLORY, text: "let me in" },
      ],
    });
    await until("the line", () => telegram.delivered().some(({ chat_id }) => chat_id === 66));
    telegram.control({
      says: [
        { from: MALLORY, text: "please" },
        { from: ANNA, text: "hello" },
      ],
    });
    await hears("hello");
    expect(telegram.delivered()).toHaveLength(1);
    expect(telegram.delivered()[0]?.text).toMatch(/administrator this id: 66$/);
    expect(texts()).toEqual(["hello"]);
    expect(await metric("cctelegram_updates_total", { kind: "stranger" })).toBe(3);
    expect(telegram.violations()).toEqual([]);
  });

  test("a stranger who has blocked the bot is no refused recipient, and raises no alarm", async () => {
    const { metric, status } = await start();
    telegram.control({ blocked: [66], says: [{ from: MALLORY, text: "let me in" }] });
    await until("the refusal", () => telegram.received().some(({ status: code }) => code === 403));
    await until("its record", () => status().queue.pending === 0);
    expect(status()).toMatchObject({ health: "healthy", refusals: [], queue: { failed: 0 } });
    expect(await metric("cctelegram_messages_failed_total")).toBe(0);
  });

  test("a button of an earlier message is taken from those on the list, and answered when it is on disk", async () => {
    const { metric } = await start();
    const reply_markup = { inline_keyboard: [[{ text: "Acknowledge", callback_data: "ack_task-1" }]] };
    const body = JSON.stringify({ chat_id: 1, text: "of upstream's bridge", reply_markup });
    const headers = { "content-type": "application/json" };
    await fetch(`${telegram.url}/bot${TOKEN}/sendMessage`, { method: "POST", body, headers });
    const press = { chat_id: 1, message_id: 1, data: "ack_task-1" };
    telegram.control({
      presses: [
        { ...press, from: MALLORY },
        { ...press, from: ANNA },
      ],
    });
    await hears("ack_task-1");
    await until("both answers", () => telegram.calls("answerCallbackQuery").length === 2);
    const answers = telegram.calls("answerCallbackQuery").map(({ parameters }) => parameters?.text);
    expect(answers).toContain("Received");
    expect(answers).toContainEqual(expect.stringMatching(/Your id, for its administrator: 66$/));
    expect(bridge?.responses({ since: 0, limit: 10 })).toMatchObject([{ kind: "click", user_id: 1 }]);
    expect(await metric("cctelegram_updates_total", { kind: "strange_click" })).toBe(1);
    expect(telegram.violations()).toEqual([]);
  });

  test("goes on where it was: what was taken is not taken again", async () => {
    await start();
    telegram.control({ says: [{ from: ANNA, text: "one" }] });
    await hears("one");
    await bridge?.close();
    telegram.control({ says: [{ from: ANNA, text: "two" }] });
    await start();
    await hears("two");
    expect(texts()).toEqual(["two", "one"]);
    expect(telegram.violations()).toEqual([]);
  });

  test("something else that Telegram hands out does not stop it", async () => {
    const { metric } = await start();
    await until("a poll", () => polls().length > 0);
    telegram.control({
      updates: [{ message: "nonsense" }, { message: { text: "no chat" } }, { callback_query: null }],
    });
    telegram.control({ says: [{ from: ANNA, text: "still here" }] });
    await hears("still here");
    expect(await metric("cctelegram_updates_total", { kind: "nothing" })).toBe(3);
  });
});

describe("when Telegram does not hand out updates", () => {
  test("another poller: it says so with what to do, waits, and is back when the other one is gone", async () => {
    const { metric, status, log } = await start({ mode: "Polling", pollSeconds: 25 });
    const rival = await fetch(`${telegram.url}/bot${TOKEN}/getUpdates?timeout=1`);
    expect(rival.status).toBe(200);
    await until("the conflict", () => receiving()?.other_consumer === true);
    expect(receiving()).toMatchObject({ receiving: false, error: expect.stringContaining("409: Conflict") });
    expect(receiving()?.hint).toContain("TELEGRAM_UPDATES=None");
    expect(log.some((line) => line.includes("what people say is not received"))).toBe(true);
    expect(await metric("cctelegram_polls_total", { outcome: "conflict" })).toBe(1);
    telegram.control({ says: [{ from: ANNA, text: "after the quarrel" }] });
    await hears("after the quarrel");
    expect(receiving()).toMatchObject({ receiving: true, other_consumer: true });
    // Sending has nothing to do with it.
    expect(status().health).toBe("healthy");
  });

  test("a refused token: it asks twice a minute, and at once when the token is another one", async () => {
    const tokenFile = join(directory.path, "token");
    writeFileSync(tokenFile, `${TOKEN}-old`);
    const { metric } = await start(POLLING, { telegram: { tokenFile } });
    await until("the refusal", () => receiving()?.error?.includes("401") === true);
    expect(receiving()).toMatchObject({ receiving: false, hint: "check the bot token" });
    expect(await metric("cctelegram_polls_total", { outcome: "unauthorized" })).toBe(1);
    writeFileSync(tokenFile, TOKEN);
    await until("the new token's poll", () => receiving()?.receiving === true, 20_000);
    telegram.control({ says: [{ from: ANNA, text: "finally" }] });
    await hears("finally");
  });

  test("another token of the same bot: what people said before, meanwhile and afterwards is heard once each", async () => {
    const [tokenFile, another] = [join(directory.path, "token"), `${TOKEN.slice(0, -4)}next`];
    writeFileSync(tokenFile, TOKEN);
    await start(POLLING, { telegram: { tokenFile } });
    await until("the first poll", () => receiving()?.receiving === true);
    telegram.control({ says: [{ from: ANNA, text: "before" }] });
    await hears("before");
    await bridge?.accept(eventOf("sent before"));
    telegram.control({ tokens: [another], says: [{ from: ANNA, text: "meanwhile" }] });
    await until("the refusal", () => receiving()?.receiving === false);
    await bridge?.accept(eventOf("kept meanwhile"));
    writeFileSync(tokenFile, another);
    await hears("meanwhile");
    telegram.control({ says: [{ from: ANNA, text: "afterwards" }] });
    await hears("afterwards");
    expect(texts().toSorted()).toEqual(["afterwards", "before", "meanwhile"]);
    await until("what was kept", () => telegram.delivered().length === 2);
    expect(bridge?.status().telegram).not.toHaveProperty("token_refused");
  });

  test("the token of another bot: its updates begin at its beginning, and those of the bot before are not lost to it", async () => {
    const [tokenFile, another] = [join(directory.path, "token"), "987654321:BBabcdefghijklmnopqrstuvwxyz0123456"];
    telegram.control({ tokens: [TOKEN, another] });
    writeFileSync(tokenFile, TOKEN);
    await start(POLLING, { telegram: { tokenFile } });
    await until("the first poll", () => receiving()?.receiving === true);
    telegram.control({ says: [{ from: ANNA, text: "to the first" }] });
    await hears("to the first");
    writeFileSync(tokenFile, another);
    await until("the other bot's poll", () => telegram.bots().includes(987654321));
    telegram.control({ bot: 123456789, says: [{ from: ANNA, text: "to the first, late" }] });
    telegram.control({ bot: 987654321, says: [{ from: ANNA, text: "to the second" }] });
    await hears("to the second");
    expect(texts()).not.toContain("to the first, late");
    writeFileSync(tokenFile, TOKEN);
    await hears("to the first, late");
    expect(texts()).toHaveLength(3);
  });

  test("429: it waits as long as Telegram asks for", async () => {
    telegram.control({ faults: [{ kind: "rate_limit", method: "getUpdates", seconds: 2, times: 1, scope: "bot" }] });
    await start();
    await until("the second poll", () => polls().length >= 2);
    const [first, second] = polls();
    expect(first?.status).toBe(429);
    expect(second!.steady - first!.steady).toBeGreaterThanOrEqual(2_000);
  });

  test("5xx, pages of proxies and cut connections: it comes again, and loses nothing", async () => {
    telegram.control({
      faults: [
        { kind: "status", method: "getUpdates", status: 502, times: 1 },
        { kind: "status", method: "getUpdates", status: 200, body: "<html>captive portal</html>", times: 1 },
        { kind: "reset", method: "getUpdates", when: "after", times: 1 },
      ],
    });
    const { metric } = await start();
    await until("a poll", () => polls().length > 0);
    telegram.control({ says: [{ from: ANNA, text: "through the storm" }] });
    await hears("through the storm");
    expect(texts()).toEqual(["through the storm"]);
    expect(await metric("cctelegram_polls_total", { outcome: "unreachable" })).toBe(3);
    expect(receiving()).toMatchObject({ receiving: true });
    expect(receiving()).not.toHaveProperty("error");
  });

  test("somebody else's webhook: it stays, and is told by its host alone", async () => {
    const foreign = "https://elsewhere.example.org/secret-path";
    await fetch(`${telegram.url}/bot${TOKEN}/setWebhook?url=${encodeURIComponent(foreign)}`);
    await start();
    await until("the conflict", () => receiving()?.other_consumer === true);
    expect(receiving()?.error).toBe("a webhook is set for elsewhere.example.org");
    expect(telegram.calls("deleteWebhook")).toEqual([]);
    expect(JSON.stringify([bridge?.status(), bridge?.log])).not.toContain("secret-path");
  });
});

async function serverFor(tokens: string[]) {
  const server = await startTelegram({ tokens });
  return { ...server, [Symbol.asyncDispose]: () => server.close() };
}

describe("a bridge with a webhook", () => {
  async function hooked(): Promise<string> {
    const { length: before } = telegram.calls("setWebhook");
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/telegram/updates`;
    await start({ mode: "Webhook", url }, { port });
    await until("the webhook", () => telegram.calls("setWebhook").length > before);
    return url;
  }

  test("is called by Telegram alone, with the secret, and answers when the effect is on disk", async () => {
    const url = await hooked();
    expect(telegram.calls("setWebhook")[0]?.parameters).toMatchObject({ url, secret_token: webhookSecret(TOKEN) });
    telegram.control({
      says: [
        { from: ANNA, text: "one" },
        { from: ANNA, text: "two" },
      ],
    });
    await hears("one", "two");
    expect(texts()).toEqual(["two", "one"]);
    const post = (secret?: string) =>
      fetch(url, {
        method: "POST",
        body: JSON.stringify({ update_id: 900, message: { text: "forged" } }),
        headers: secret === undefined ? {} : { "x-telegram-bot-api-secret-token": secret },
      });
    expect((await post()).status).toBe(401);
    expect((await post("wrong")).status).toBe(401);
    expect((await post(TOKEN)).status).toBe(401);
    expect((await fetch(url)).status).toBe(404);
    expect((await post(webhookSecret(TOKEN))).status).toBe(200);
    expect(receiving()).toMatchObject({ mode: "Webhook", receiving: true });
    expect(polls()).toEqual([]);
    expect(telegram.violations()).toEqual([]);
  });

  test("an update that comes twice has its effect once, and what is no update is answered, too", async () => {
    const url = await hooked();
    const headers = { "x-telegram-bot-api-secret-token": webhookSecret(TOKEN) };
    const from = { id: 1, is_bot: false, first_name: "Anna" };
    const message = { message_id: 9, from, chat: { id: 1, type: "private" }, text: "once" };
    const bodies = [
      JSON.stringify({ update_id: 70, message }),
      JSON.stringify({ update_id: 70, message }),
      "{",
      "[]",
      "",
    ];
    for (const body of bodies) expect((await fetch(url, { method: "POST", body, headers })).status).toBe(200);
    expect(texts()).toEqual(["once"]);
  });

  test("takes its webhook with it, so that the next one may poll, and finds what was said in between", async () => {
    const url = await hooked();
    await bridge?.close();
    expect(telegram.calls("deleteWebhook")).toHaveLength(1);
    telegram.control({ says: [{ from: ANNA, text: "while it was away" }] });
    await using other = await scratch();
    const next = configFor(other.path, telegram.url, { telegram: { updates: POLLING } });
    bridge = await bridgeFor(next);
    await hears("while it was away");
    expect(receiving()).toMatchObject({ receiving: true, other_consumer: false });
    await bridge.close();
    // And back.
    const port = Number(new URL(url).port);
    await start({ mode: "Webhook", url }, { port });
    telegram.control({ says: [{ from: ANNA, text: "and again" }] });
    await hears("and again");
    expect(receiving()).toMatchObject({ receiving: true, other_consumer: false });
    expect(telegram.violations()).toEqual([]);
  });

  test("that was killed takes its webhook back when it polls from now on, or receives nothing any more", async () => {
    for (const [updates, released] of [
      [POLLING, 1],
      [{ mode: "None" }, 2],
    ] as const) {
      const port = await freePort();
      const hook = { mode: "Webhook", url: `http://127.0.0.1:${port}/telegram/updates` } as const;
      const { length: before } = telegram.calls("setWebhook");
      const { child } = await startBridgeProcess(
        configFor(directory.path, telegram.url, { port, telegram: { updates: hook } }),
      );
      await until("the webhook", () => telegram.calls("setWebhook").length > before);
      await stopProcess(child, "SIGKILL");
      await start(updates);
      await until("the release", () => telegram.calls("deleteWebhook").length === released);
      await bridge?.close();
    }
    expect(telegram.violations()).toEqual([]);
  });

  test("takes its webhook back from the bot before when the token is that of another bot", async () => {
    const other = "987654321:AAabcdefghijklmnopqrstuvwxyz0123456";
    await using bots = await serverFor([TOKEN, other]);
    const tokenFile = join(directory.path, "token");
    writeFileSync(tokenFile, TOKEN);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/telegram/updates`;
    const updates = { mode: "Webhook", url } as const;
    bridge = await bridgeFor(configFor(directory.path, bots.url, { port, telegram: { updates, tokenFile } }));
    const hookOf = async (token: string) => {
      const answer = await fetch(`${bots.url}/bot${token}/getWebhookInfo`);
      return ((await answer.json()) as { result: { url: string } }).result.url;
    };
    await until("the webhook", async () => (await hookOf(TOKEN)) === url);
    writeFileSync(tokenFile, other);
    await until("the other bot's", async () => (await hookOf(other)) === url);
    await until("the release", async () => (await hookOf(TOKEN)) === "");
    bots.control({ bot: 987_654_321, says: [{ from: ANNA, text: "to the other one" }] });
    await hears("to the other one");
    expect(bots.violations()).toEqual([]);
    await bridge.close();
    expect(await hookOf(other)).toBe("");
  });

  test("ends in time, and leaves its webhook, when Telegram does not answer", async () => {
    await hooked();
    telegram.control({ faults: [{ kind: "hang", method: "getWebhookInfo", times: 100 }] });
    const before = performance.now();
    await bridge?.close();
    expect(performance.now() - before).toBeLessThan(20_000);
    expect(bridge?.log.join()).toContain("the webhook is not taken back");
    telegram.control({ reset: true });
  });

  test("leaves the webhook that somebody else has set since", async () => {
    await hooked();
    await fetch(`${telegram.url}/bot${TOKEN}/setWebhook?url=${encodeURIComponent("https://elsewhere.example.org/x")}`);
    await bridge?.close();
    expect(telegram.calls("deleteWebhook")).toEqual([]);
    // It is none of its own any more: one that only sends asks about nothing.
    const { length: before } = telegram.calls("getWebhookInfo");
    await start({ mode: "None" });
    await until("readiness", () => bridge?.obstacles().length === 0);
    expect(telegram.calls("getWebhookInfo")).toHaveLength(before);
  });

  describe("on a port of its own", () => {
    const PATH = "/chat/telegram/updates";
    const calledWith = (url: string, secret?: string, method = "POST") =>
      fetch(url, {
        method,
        ...(method === "POST" && { body: JSON.stringify({ update_id: 900, message: { text: "forged" } }) }),
        headers: secret === undefined ? {} : { "x-telegram-bot-api-secret-token": secret },
      }).then(({ status }) => status);

    async function apart() {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}${PATH}`;
      const { length: before } = telegram.calls("setWebhook");
      await start({ mode: "Webhook", url, port });
      await until("the webhook", () => telegram.calls("setWebhook").length > before);
      return { url, origin: `http://127.0.0.1:${port}`, intake: bridge?.url ?? "" };
    }

    test("is called there, and nowhere else", async () => {
      const { url, intake } = await apart();
      telegram.control({ says: [{ from: ANNA, text: "from the port" }] });
      await hears("from the port");
      const secret = webhookSecret(TOKEN);
      expect(await calledWith(`${intake}/telegram/updates`, secret)).toBe(404);
      expect(await calledWith(`${intake}${PATH}`, secret)).toBe(404);
      expect(await calledWith(url, secret)).toBe(200);
      expect(telegram.violations()).toEqual([]);
    });

    test("refuses strangers there, has nothing else for them, and counts them apart from bad signatures", async () => {
      const { url, origin } = await apart();
      expect(await calledWith(url)).toBe(401);
      expect(await calledWith(url, "wrong")).toBe(401);
      expect(await calledWith(url, TOKEN)).toBe(401);
      const failures = (reason: string) => bridge?.metric("cctelegram_signature_failures_total", { reason });
      expect(await failures("webhook")).toBe(3);
      expect(await failures("missing")).toBe(0);
      const secret = webhookSecret(TOKEN);
      for (const path of ["/", "/telegram/updates", `${PATH}/`, `${PATH}/x`, "/chat", "/health", "/health/live"]) {
        expect(await calledWith(`${origin}${path}`, secret), path).toBe(404);
      }
      for (const path of ["/health", "/health/live", "/health/ready", "/metrics", PATH]) {
        expect(await calledWith(`${origin}${path}`, secret, "GET"), path).toBe(404);
      }
      // Also for who knows the secret of the servers.
      for (const path of ["/status", "/responses", "/approvals"]) {
        expect((await signedFetch(`${origin}${path}`, "GET")).status, path).toBe(404);
      }
      const event = await signedFetch(`${origin}/events`, "POST", JSON.stringify(eventOf("e1")));
      expect(event.status).toBe(404);
      expect(texts()).toEqual([]);
    });

    test("does not start without it, and says which variable names it", async () => {
      const taken = await startTelegram({ tokens: [TOKEN] });
      const { port } = new URL(taken.url);
      const updates = { mode: "Webhook", url: `http://127.0.0.1:${port}${PATH}`, port: Number(port) } as const;
      const config = configFor(directory.path, telegram.url, { telegram: { updates } });
      await expect(bridgeFor(config)).rejects.toThrow(/port is in use.*\n.*TELEGRAM_WEBHOOK_PORT/);
      expect(telegram.calls("setWebhook")).toEqual([]);
      await taken.close();
      bridge = await bridgeFor(config);
    });
  });

  test("that Telegram cannot call is told so, and stays ready: it sends on", async () => {
    const port = await freePort();
    const gone = await freePort();
    await start({ mode: "Webhook", url: `http://127.0.0.1:${gone}/telegram/updates` }, { port });
    await until("the webhook", () => telegram.calls("setWebhook").length === 1);
    telegram.control({ says: [{ from: ANNA, text: "hello?" }] });
    await until("the problem", () => receiving()?.undelivered === true, 40_000);
    expect(receiving()).toMatchObject({
      receiving: false,
      other_consumer: false,
      error: "Telegram cannot reach the webhook: Connection refused",
    });
    expect(bridge?.obstacles()).toEqual([]);
    expect(bridge?.status().health).toBe("healthy");
    await bridge?.accept(eventOf("e1"));
    await until("the delivery", () => telegram.delivered().length === 1);
  });

  test("leaves somebody else's alone, and says so", async () => {
    await fetch(`${telegram.url}/bot${TOKEN}/setWebhook?url=${encodeURIComponent("https://elsewhere.example.org/x")}`);
    const port = await freePort();
    await start({ mode: "Webhook", url: `http://127.0.0.1:${port}/telegram/updates` }, { port });
    await until("the conflict", () => receiving()?.other_consumer === true);
    expect(telegram.calls("setWebhook")).toHaveLength(1);
  });
});

test("a bridge that shall not receive asks for nothing, and nobody can call it", async () => {
  const { url } = await start({ mode: "None" });
  await until("readiness", () => bridge?.obstacles().length === 0);
  telegram.control({ says: [{ from: ANNA, text: "hello?" }] });
  const headers = { "x-telegram-bot-api-secret-token": webhookSecret(TOKEN) };
  expect((await fetch(`${url}/telegram/updates`, { method: "POST", body: "{}", headers })).status).toBe(404);
  expect(polls()).toEqual([]);
  expect(receiving()).toEqual({ mode: "None", receiving: false, other_consumer: false });
});
