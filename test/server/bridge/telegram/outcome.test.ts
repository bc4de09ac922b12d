import { NetworkError, TelegramApiError } from "node-telegram-bot-api";
import { expect, describe as group, test } from "vitest";
import { describe, outcomeOf } from "../../../../server/bridge/telegram/outcome.ts";

const connecting = (code: string, address: string) =>
  Object.assign(new Error(`connect ${code} ${address}:443`), { code, syscall: "connect" });

const everyAddress = (...errors: Error[]) => {
  const failed = new TypeError("fetch failed", {
    cause: Object.assign(new AggregateError(errors), { code: "ETIMEDOUT" }),
  });
  return new NetworkError("Network request failed: getMe", { cause: failed });
};

group("a name with several addresses", () => {
  const error = everyAddress(connecting("ECONNREFUSED", "192.0.2.1"), connecting("ENETUNREACH", "2001:db8::1"));

  test("each of them is told with its cause", () => {
    expect(describe(error)).toBe(
      "Network request failed: getMe: fetch failed: connect ECONNREFUSED 192.0.2.1:443 and connect ENETUNREACH 2001:db8::1:443",
    );
  });

  test("what none of them took cannot have arrived", () => {
    expect(outcomeOf(error)).toMatchObject({ kind: "retry", uncertain: false });
    const slow = everyAddress(connecting("ETIMEDOUT", "192.0.2.1"), connecting("ETIMEDOUT", "2001:db8::1"));
    expect(outcomeOf(slow)).toMatchObject({ uncertain: false });
    const cut = everyAddress(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" }));
    expect(outcomeOf(cut)).toMatchObject({ uncertain: true });
  });
});

test("what a proxy did not let through cannot have arrived", () => {
  const refused = new Error("Proxy response (407) !== 200 when HTTP Tunneling");
  const error = new NetworkError("Network request failed", {
    cause: new TypeError("fetch failed", { cause: refused }),
  });
  expect(outcomeOf(error)).toMatchObject({ kind: "retry", uncertain: false });
});

test("credentials of a URL are in no text", () => {
  expect(describe(new Error("cannot reach http://user:pa55@w0rd@proxy.example:3128/"))).toBe(
    "cannot reach http://[redacted]@proxy.example:3128/",
  );
});

test.each([
  ["Bad Request: message thread not found", "topic_refused"],
  ["Bad Request: TOPIC_CLOSED", "topic_refused"],
  ["Bad Request: TOPIC_DELETED", "topic_refused"],
  ["Bad Request: chat not found", "failed"],
  ["Bad Request: need administrator rights in the channel chat", "failed"],
  ["Bad Request: can't parse entities", "entities_refused"],
])("%s concerns the topic, the formatting or the chat: %s", (description, kind) => {
  expect(outcomeOf(new TelegramApiError(400, description))).toMatchObject({
    kind,
  });
});
