import { expect, test } from "vitest";
import {
  deliveryProblem,
  foreignWebhook,
  isSecret,
  webhookSecret,
  webhookStep,
} from "../../../../server/bridge/receiving/webhook.ts";
import { TOKEN } from "../support.ts";

const OURS = "https://bot.example.com/telegram/updates";
const FOREIGN = "https://other.example.com/bot-secret-path";

test.each([
  ["none is set", "", undefined, "set"],
  ["it is ours and Telegram knows the secret", OURS, OURS, "keep"],
  ["it is the one that this bridge had before", "https://old.example.com/x", "https://old.example.com/x", "set"],
  ["it is somebody else's", FOREIGN, OURS, "leave"],
  ["it is somebody else's and this bridge never had one", FOREIGN, undefined, "leave"],
])("when %s (%s), it is dealt with accordingly", (_when, url, own, step) => {
  expect(webhookStep(url, { wanted: OURS, own, known: true })).toBe(step);
});

test("after a start Telegram is told the secret, which may be another one", () => {
  expect(webhookStep(OURS, { wanted: OURS, own: OURS, known: false })).toBe("set");
});

test("the secret is Telegram's to take, changes with the token and tells nothing of it", () => {
  const secret = webhookSecret(TOKEN);
  expect(secret).toMatch(/^[A-Za-z0-9_-]{1,256}$/);
  expect(webhookSecret(`${TOKEN}x`)).not.toBe(secret);
  expect([TOKEN, ...TOKEN.split(":")].some((part) => secret.includes(part))).toBe(false);
  expect(isSecret(secret, TOKEN)).toBe(true);
  for (const wrong of [undefined, "", secret.slice(1), `${secret}0`, webhookSecret(`${TOKEN}x`), TOKEN]) {
    expect(isSecret(wrong, TOKEN)).toBe(false);
  }
});

test("calls that fail are a problem as long as updates wait for them", () => {
  const failing = { url: OURS, pendingUpdates: 2, lastErrorAt: 1_000_000, lastError: "Connection refused" };
  expect(deliveryProblem(failing, 1_010_000)).toBe("Telegram cannot reach the webhook: Connection refused");
  expect(deliveryProblem({ ...failing, pendingUpdates: 0 }, 1_010_000)).toBeUndefined();
  expect(deliveryProblem(failing, 1_300_001)).toBeUndefined();
  expect(deliveryProblem({ url: OURS, pendingUpdates: 2 }, 1_010_000)).toBeUndefined();
});

test("of somebody else's webhook only the host is told", () => {
  expect(foreignWebhook(FOREIGN)).toBe("a webhook is set for other.example.com");
});
