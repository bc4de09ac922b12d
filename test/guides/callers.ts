/** Calls the server on the guide's port until it is ended: with wrong keys, far over the limit, and for a bridge that is not there. */
import { setTimeout as sleep } from "node:timers/promises";
import { keys } from "../server/support/server.ts";

const base = "http://127.0.0.1:8080";
const ask = (path: string, key: string, init: RequestInit = {}) =>
  fetch(base + path, { ...init, headers: { "x-api-key": key, "content-type": "application/json" } })
    .then((response) => response.arrayBuffer())
    .catch(() => undefined);

async function repeatedly(pauseMs: number, work: () => Promise<unknown>): Promise<never> {
  for (;;) {
    await work();
    await sleep(pauseMs);
  }
}

const body = JSON.stringify({ message: "hello" });
const send = () => ask("/tools/send_telegram_message", keys.messages, { method: "POST", body });

await Promise.all([
  repeatedly(100, () =>
    Promise.all([ask("/tools", "a-wrong-key-of-some-length"), ask("/tools", "another-wrong-key-of-some-length")]),
  ),
  repeatedly(100, () => Promise.all(Array.from({ length: 20 }, () => ask("/tools", keys.all)))),
  // Each waits for the bridge as long as the server does: together they stay below the limit, over which they were answered at once.
  ...Array.from({ length: 25 }, send),
  repeatedly(1_000, send),
]);
