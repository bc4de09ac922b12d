import { Api } from "node-telegram-bot-api";
import { beforeEach, describe, expect, test } from "vitest";
import type { Control } from "./control.ts";
import { type Answer, call, clock, send, stage, TOKEN, telegram, UNLIMITED } from "./stage.ts";

stage();

describe("routes", () => {
  test("wrong tokens are 401, wrong methods and paths 404", async () => {
    expect(await call("getMe", {}, "123456789:AAabcdefghijklmnopqrstuvwxyz0000000")).toMatchObject({ error_code: 401 });
    expect(await call("getMe", {}, "nonsense")).toEqual({ ok: false, error_code: 401, description: "Unauthorized" });
    expect(await call("sendCarrierPigeon")).toMatchObject({ ok: false, error_code: 404 });
    expect((await fetch(`${telegram.url}/nothing`)).status).toBe(404);
  });

  test("parameters come as query, JSON, form or multipart", async () => {
    telegram.control({ limits: UNLIMITED });
    const url = `${telegram.url}/bot${TOKEN}/sendMessage`;
    const entities = JSON.stringify([{ type: "bold", offset: 0, length: 2 }]);
    const form = new FormData();
    for (const [name, value] of Object.entries({ chat_id: "1", text: "multipart", entities })) form.set(name, value);
    await fetch(`${url}?chat_id=1&text=query`);
    await fetch(url, { method: "POST", body: new URLSearchParams({ chat_id: "1", text: "form", entities }) });
    await fetch(url, { method: "POST", body: form });
    await send({ text: "json" });
    expect(telegram.delivered().map(({ text }) => text)).toEqual(["query", "form", "multipart", "json"]);
    expect(telegram.delivered()[2]?.entities).toEqual([{ type: "bold", offset: 0, length: 2 }]);
  });

  test("the library that the bridge uses gets along with it", async () => {
    const api = new Api(TOKEN, { apiRoot: telegram.url, maxRetries: 0 });
    expect((await api.getMe()).username).toBe("test_123456789_bot");
    expect((await api.sendMessage({ chat_id: 1, text: "hi" })).message_id).toBe(1);
    await expect(api.sendMessage({ chat_id: 99, text: "hi" })).rejects.toMatchObject({ errorCode: 400 });
  });
});

describe("a second bot", () => {
  const SECOND = "987654321:AAzyxwvutsrqponmlkjihgfedcba6543210";
  const second = 987654321;
  const sendBySecond = () => call("sendMessage", { chat_id: 1, text: "hello" }, SECOND);

  beforeEach(() => telegram.control({ tokens: [TOKEN, SECOND] }));

  test("has limits of its own", async () => {
    expect(await send({})).toMatchObject({ ok: true });
    expect(await sendBySecond()).toMatchObject({ ok: true });
    expect(await send({})).toMatchObject({ error_code: 429 });
    telegram.control({ bot: second, limits: UNLIMITED });
    expect(await sendBySecond()).toMatchObject({ ok: true });
    expect(await send({})).toMatchObject({ error_code: 429 });
  });

  test.each<[string, Control, Partial<Answer>]>([
    ["a fault", { faults: [{ kind: "status", status: 502, times: 1 }] }, { error_code: 502 }],
    ["a person who blocks it", { blocked: [1] }, { error_code: 403 }],
    ["a chat that moved", { migrated: [[1, -5]] }, { error_code: 400 }],
    ["a list of chats", { chats: [2] }, { error_code: 400 }],
    ["a token that was revoked", { unauthorised: true }, { error_code: 401 }],
  ])(
    "alone finds %s that is meant for it, and nobody else does after a reset of the first",
    async (_what, control, refused) => {
      telegram.control({ ...control, bot: second });
      telegram.control({ reset: true, bot: 123456789 });
      expect(await send({})).toMatchObject({ ok: true });
      expect(await sendBySecond()).toMatchObject(refused);
    },
  );

  test("alone is cut off by an outage that is meant for it", async () => {
    telegram.control({ bot: second, outage: true });
    await expect(sendBySecond()).rejects.toThrow();
    expect(await send({})).toMatchObject({ ok: true });
  });

  test("that comes later finds what was done to all", async () => {
    telegram.control({ blocked: [1] });
    expect(await send({})).toMatchObject({ error_code: 403 });
    expect(await sendBySecond()).toMatchObject({ error_code: 403 });
  });
});

describe("faults", () => {
  test("they are used up in order, and reach the log", async () => {
    telegram.control({
      limits: UNLIMITED,
      faults: [
        { kind: "status", status: 502, times: 2 },
        { kind: "reset", when: "before", times: 1 },
        { kind: "reset", when: "after", times: 1 },
      ],
    });
    expect((await send({})).error_code).toBe(502);
    expect((await send({})).error_code).toBe(502);
    await expect(send({})).rejects.toThrow();
    await expect(send({})).rejects.toThrow();
    expect((await send({})).ok).toBe(true);
    expect(telegram.received().map(({ status, message_id }) => [status, message_id])).toEqual([
      [502, undefined],
      [502, undefined],
      [0, undefined],
      [0, 1],
      [200, 2],
    ]);
    expect(telegram.violations()).toEqual([]);
  });

  test("a request during an injected pause is a violation", async () => {
    telegram.control({ faults: [{ kind: "rate_limit", seconds: 5, times: 1 }] });
    expect(await send({})).toMatchObject({ error_code: 429, parameters: { retry_after: 5 } });
    clock.steady = 4_000;
    expect(await send({})).toMatchObject({ error_code: 429 });
    expect(await send({ chat_id: 2 })).toMatchObject({ ok: true });
    expect(telegram.violations()).toHaveLength(1);
  });

  test("control and log work over HTTP", async () => {
    await fetch(`${telegram.url}/control`, { method: "POST", body: JSON.stringify({ unauthorised: true }) });
    expect(await call("getMe")).toMatchObject({ error_code: 401 });
    await fetch(`${telegram.url}/control`, { method: "POST", body: JSON.stringify({ unauthorised: false }) });
    await send({});
    const log = (await (await fetch(`${telegram.url}/log`)).json()) as unknown[];
    expect(log).toMatchObject([{ method: "sendMessage", chat_id: 1, text: "hello", message_id: 1, status: 200 }]);
    expect((await fetch(`${telegram.url}/health`)).status).toBe(200);
  });
});
