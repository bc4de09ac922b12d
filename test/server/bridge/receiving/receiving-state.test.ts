import { describe, expect, test } from "vitest";
import { ReceivingState } from "../../../../server/bridge/receiving/receiving-state.ts";

const answered = { kind: "answered", fresh: 0, tookMs: 25_000 } as const;
const START = 1_000_000;

describe("whether what people say is received", () => {
  test("it is as long as Telegram answers, and 45 s later it is not", () => {
    const state = new ReceivingState("Polling", START);
    state.record(answered, START + 25_000);
    expect(state.obstacle(START + 70_000)).toBeUndefined();
    expect(state.status(START + 70_000)).toEqual({
      mode: "Polling",
      receiving: true,
      other_consumer: false,
      last_answer_at: new Date(START + 25_000).toISOString(),
    });
    expect(state.obstacle(START + 70_001)).toContain("not received for 45 s: no answer");
    expect(state.status(START + 70_001).receiving).toBe(false);
    expect(state.silenceSeconds(START + 70_001)).toBe(45.001);
  });

  test("a start that never gets an answer is noticed in the same time", () => {
    const state = new ReceivingState("Polling", START);
    expect(state.obstacle(START + 45_001)).toContain("no answer");
    expect(state.status(START)).not.toHaveProperty("last_answer_at");
  });

  test("a problem is told at once, and is over with the next answer", () => {
    const state = new ReceivingState("Polling", START);
    state.record({ kind: "unreachable", error: "502: Bad\nGateway" }, START + 1_000);
    expect(state.status(START + 1_000)).toMatchObject({ receiving: false, error: "502: Bad Gateway" });
    expect(state.obstacle(START + 1_000)).toBeUndefined();
    state.record(answered, START + 2_000);
    expect(state.status(START + 2_000)).not.toHaveProperty("error");
  });

  test("another consumer is told for five minutes with what to do, also while this one gets through", () => {
    const state = new ReceivingState("Polling", START);
    state.record({ kind: "conflict", with: "poller", error: "409: Conflict" }, START);
    state.record(answered, START + 5_000);
    const status = state.status(START + 6_000);
    expect(status).toMatchObject({ receiving: true, other_consumer: true, error: "409: Conflict" });
    expect(status.hint).toContain("TELEGRAM_UPDATES=None");
    state.record(answered, START + 299_000);
    expect(state.status(START + 300_000)).toMatchObject({ receiving: true, other_consumer: false });
  });

  test("another consumer that never gives way does not make the bridge unready: it sends on", () => {
    const state = new ReceivingState("Polling", START);
    const later = START + 600_000;
    state.record({ kind: "conflict", with: "webhook", error: "409: a webhook is set" }, later);
    expect(state.obstacle(later)).toBeUndefined();
    expect(state.status(later)).toMatchObject({ receiving: false, other_consumer: true });
    state.record({ kind: "unreachable", error: "no route" }, later + 1_000);
    expect(state.obstacle(later + 1_000)).toContain("no route");
  });

  test("a webhook that Telegram cannot call is told with what to do, and does not make the bridge unready", () => {
    const state = new ReceivingState("Webhook", START);
    for (let at = START; at < START + 600_000; at += 20_000) {
      state.record({ kind: "undelivered", error: "Telegram cannot reach the webhook: SSL error" }, at);
      expect(state.obstacle(at)).toBeUndefined();
    }
    const later = START + 600_000;
    const told = { receiving: false, undelivered: true, other_consumer: false, hint: /certificate that it trusts/ };
    expect(state.status(later)).toMatchObject({ ...told, hint: expect.stringMatching(told.hint) });
    expect(state.obstacle(later + 45_000)).toContain("SSL error");
    state.record(answered, later + 46_000);
    expect(state.status(later + 46_000)).not.toHaveProperty("undelivered");
  });

  test("nothing is missing where nothing shall be received", () => {
    const state = new ReceivingState("None", START);
    expect(state.obstacle(START + 1_000_000)).toBeUndefined();
    expect(state.silenceSeconds(START + 1_000_000)).toBe(0);
    expect(state.status(START)).toEqual({ mode: "None", receiving: false, other_consumer: false });
  });
});
