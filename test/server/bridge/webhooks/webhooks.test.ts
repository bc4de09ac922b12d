import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { webhookSignature } from "../../../../server/bridge/webhooks/webhooks.ts";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { ANNA, press, requestFor } from "../approvals/support.ts";
import { bridgeFor, configFor, type Scratch, scratch, type TestBridge, TOKEN, until } from "../support.ts";

const SECRET = "a-secret-of-a-webhook";

type Call = { readonly headers: IncomingHttpHeaders; readonly body: string };

let telegram: TelegramServer;
let directory: Scratch;
let receiver: Server;
let bridge: TestBridge | undefined;
let calls: Call[];
/** What the receiver answers from now on; none: 200. */
let statuses: number[];

beforeEach(async () => {
  calls = [];
  statuses = [];
  telegram = await startTelegram({ tokens: [TOKEN] });
  directory = await scratch();
  receiver = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    calls.push({ headers: request.headers, body });
    response.writeHead(statuses.shift() ?? 200, { location: "/elsewhere" }).end("{}");
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
});

afterEach(async () => {
  await bridge?.close();
  bridge = undefined;
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

const urlOf = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/webhook/responses?token=of-the-path`;

async function start(url = urlOf()): Promise<TestBridge> {
  const updates = { mode: "Polling", pollSeconds: 1 } as const;
  const options = { webhook: { url, secret: SECRET }, telegram: { updates, messagesPerChatPerSecond: 30 } };
  bridge = await bridgeFor(configFor(directory.path, telegram.url, options));
  telegram.control({ limits: false });
  await until("Telegram's answer", () => bridge?.status().telegram.reachable === true);
  return bridge;
}

const bodies = () => calls.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

describe("the webhook", () => {
  test("is called once with a decision, signed, in co8/cctelegram's words and ours", async () => {
    const { approvals, log } = await start();
    await approvals.ask(requestFor("d1"));
    await press(telegram, ANNA, 0);
    await until("the call", () => calls.length === 1);
    expect(bodies()[0]).toMatchObject({
      webhook_type: "user_response",
      client: "ci",
      response: {
        event_id: "d1",
        callback_data: "approve_d1",
        interaction_type: "callback_query",
        user: { id: "1", username: "anna", first_name: "Anna" },
      },
      original_event: { type: "approval_request", title: "Deploy to production?", options: ["Approve", "Deny"] },
      approval: { state: "decided", decision: { action: "approve" } },
    });
    const { headers, body } = calls[0] as Call;
    const timestamp = String(headers["x-cctelegram-timestamp"]);
    expect(headers["x-cctelegram-signature"]).toBe(webhookSignature(SECRET, timestamp, body));
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(60);
    expect(log.join("\n")).not.toContain("of-the-path");
  });

  test("tells what expired and what was taken back", async () => {
    const { approvals } = await start();
    await approvals.ask(requestFor("late", { timeout_minutes: 0.01 }));
    await approvals.ask(requestFor("back"));
    await approvals.withdraw("back", "ci");
    await until("both calls", () => calls.length === 2);
    expect(bodies().map(({ webhook_type }) => webhook_type)).toEqual(["approval_ended", "approval_ended"]);
    const states = bodies().map(({ approval }) => (approval as { state: string }).state);
    expect(new Set(states)).toEqual(new Set(["expired", "withdrawn"]));
  });

  test("is called again until it answers with 2xx; a redirect is not followed", async () => {
    statuses = [302, 500];
    const { approvals, log } = await start();
    await approvals.ask(requestFor("d1"));
    await approvals.withdraw("d1", "ci");
    await until("the third call", () => calls.length === 3);
    expect(new Set(calls.map(({ headers }) => headers["x-cctelegram-delivery"])).size).toBe(1);
    expect(log.some((line) => line.includes("it answered 302"))).toBe(true);
  });

  test("what it did not take before the end is told after the next start", async () => {
    const { approvals } = await start("http://127.0.0.1:1/nobody");
    await approvals.ask(requestFor("d1"));
    await approvals.withdraw("d1", "ci");
    await until("the failure", () => bridge?.log.some((line) => line.includes("made again")) === true);
    await bridge?.close();
    await start();
    await until("the call", () => calls.length === 1);
    expect(bodies()[0]).toMatchObject({ approval: { approval_id: "d1" } });
  });
});
