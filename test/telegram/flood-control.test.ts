import { describe, expect, test } from "vitest";
import { clock, send, stage, telegram } from "./stage.ts";

stage();

describe("flood control", () => {
  test("a second message to a chat within a second is a violation, after it is not", async () => {
    await send({});
    clock.steady = 999;
    expect(await send({})).toMatchObject({ error_code: 429, parameters: { retry_after: 1 } });
    clock.steady = 1_999;
    expect(await send({})).toMatchObject({ ok: true });
    expect(telegram.violations()).toHaveLength(1);
  });

  test("requests during a pause lengthen it", async () => {
    await send({});
    await send({});
    clock.steady = 500;
    expect(await send({})).toMatchObject({ error_code: 429, parameters: { retry_after: 2 } });
    clock.steady = 1_500;
    expect(await send({})).toMatchObject({ error_code: 429 });
    clock.steady = 3_000;
    expect(await send({})).toMatchObject({ ok: true });
  });

  test("the bot's limit holds in every sliding second", async () => {
    telegram.control({ limits: { global: 3, perChat: 3, perGroupMinute: 20 } });
    for (const at of [0, 900, 950, 1_000, 1_899, 1_900]) {
      clock.steady = at;
      await send({ chat_id: 1 + (at % 3) });
    }
    expect(telegram.received().map(({ status }) => status)).toEqual([200, 200, 200, 200, 429, 429]);
  });

  test("a group gets twenty messages in a minute", async () => {
    telegram.control({ limits: { global: 100, perChat: 100, perGroupMinute: 20 } });
    for (let n = 0; n < 20; n += 1) expect(await send({ chat_id: -5 })).toMatchObject({ ok: true });
    expect(await send({ chat_id: -5 })).toMatchObject({ error_code: 429, parameters: { retry_after: 60 } });
    expect(await send({ chat_id: 1 })).toMatchObject({ ok: true });
  });
});
