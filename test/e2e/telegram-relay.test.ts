import { expect, test } from "vitest";
import { startRelay } from "../../e2e/telegram-relay.ts";
import { startTelegram } from "../telegram/telegram.ts";

const token = "123456:AAExampleTokenOfABotThatDoesNotExist";

test("requests of the cluster reach the Bot API and its answers come back", async () => {
  const telegram = await startTelegram();
  const relay = await startRelay("127.0.0.1", new URL(telegram.url));
  try {
    const response = await fetch(`${relay.url}/bot${token}/sendMessage`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ chat_id: 1, text: "by way of the relay" }),
    });
    expect(await response.json()).toMatchObject({ ok: true, result: { text: "by way of the relay" } });
    expect(telegram.received()).toMatchObject([{ chat_id: 1, status: 200 }]);
  } finally {
    await relay.close();
    await telegram.close();
  }
});

test("a Bot API that does not answer is a 502", async () => {
  const relay = await startRelay("127.0.0.1", new URL("http://127.0.0.1:9"));
  try {
    expect((await fetch(`${relay.url}/bot${token}/getMe`)).status).toBe(502);
  } finally {
    await relay.close();
  }
});
