import { ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { expect, test } from "vitest";
import { until } from "./bridge/support.ts";
import { secret } from "./support/fake-bridge.ts";
import { processStage } from "./support/process-stage.ts";
import { connect } from "./support/server.ts";

const token = "123456789:AAExampleExampleExampleExampleExample";
const ANNA = { id: 1001, first_name: "Anna", username: "anna" };
const answering = [
  "send_task_completion",
  "get_telegram_responses",
  "process_pending_responses",
  "clear_old_responses",
];
const keys = {
  anna: "key-of-the-first-client-of-the-two!!",
  bert: "key-of-the-other-client-of-the-two!",
  admin: "key-of-the-client-that-may-do-it-all",
};
const environment = {
  HMAC_SECRET: secret,
  METRICS_PORT: "0",
  // The tests ask until it is there.
  MCP_ENABLE_RATE_LIMIT: "false",
  MCP_SERVER_HOST: "127.0.0.1",
  MCP_SERVER_PORT: "0",
  MCP_API_KEYS: JSON.stringify({
    [keys.anna]: { name: "first", permissions: answering, enabled: true },
    [keys.bert]: { name: "other", permissions: answering, enabled: true },
    [keys.admin]: { name: "admin", permissions: ["*"], enabled: true },
  }),
};

const stage = processStage("answers");

async function run(role: string, env: Record<string, string>): Promise<Record<string, string>> {
  const process = stage.start(role, { ...environment, ...env });
  return process.logged("ready to work");
}

const bridgeVariables = () => ({
  BRIDGE_HOST: "127.0.0.1",
  BRIDGE_PORT: "0",
  TELEGRAM_BOT_TOKEN: token,
  TELEGRAM_ALLOWED_USERS: String(ANNA.id),
  TELEGRAM_API_URL: stage.telegram.url,
  TELEGRAM_UPDATES: "Polling",
  CC_TELEGRAM_DATA_DIR: stage.folder,
});

const standalone = () => run("standalone", bridgeVariables());

async function inTwoProcesses(): Promise<Record<string, string>> {
  const bridge = await run("bridge", bridgeVariables());
  return run("serve", { BRIDGE_URL: bridge.bridge ?? "" });
}

/** Under a message that another program, such as co8/cctelegram's bridge, has sent as this bot. */
async function pressApproval(data: string): Promise<void> {
  const reply_markup = { inline_keyboard: [[{ text: "Approve", callback_data: data }]] };
  const body = JSON.stringify({ chat_id: ANNA.id, text: "of an earlier bridge", reply_markup });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${stage.telegram.url}/bot${token}/sendMessage`, { method: "POST", body, headers });
  const { result } = (await answer.json()) as { result: { message_id: number } };
  stage.telegram.control({ presses: [{ from: ANNA, chat_id: ANNA.id, message_id: result.message_id, data }] });
}

test.each([
  ["in one process", standalone],
  ["in two processes", inTwoProcesses],
])("what a person answers reaches the client that asked, and no other: server and bridge %s", async (_where, start) => {
  const { http: url = "" } = await start();
  const call = async (key: string, method: string, path: string) => {
    const response = await fetch(`${url}/tools/${path}`, { method, headers: { "x-api-key": key } });
    expect(response.status, path).toBe(200);
    return (await response.json()) as { total: number; deleted_count: number; responses: Record<string, unknown>[] };
  };
  const textsOf = async (key: string) =>
    (await call(key, "GET", "get_telegram_responses")).responses.map(({ message_text }) => message_text);

  const client = await connect(url, keys.anna);
  const updated: string[] = [];
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void updated.push(params.uri));
  await client.subscribeResource({ uri: "cctelegram://responses" });
  const task = { task_id: "deploy-7", title: "Deploy", results: "ready" };
  const sent = await client.callTool({ name: "send_task_completion", arguments: task });
  const { event_id } = sent.structuredContent as { event_id: string };
  await until("the message", () => stage.telegram.delivered().length === 1);
  const [message] = stage.telegram.delivered();
  expect(message?.text).toMatch(/^✅ Deploy\n[\s\S]*Task "Deploy" completed successfully\n\nready/);

  // An answer to a message reaches its event once the bridge has Telegram's number of it on disk.
  await until("its record", async () => {
    const { contents } = await client.readResource({ uri: `cctelegram://events/${event_id}` });
    return JSON.parse((contents[0] as { text: string }).text).state === "sent";
  });
  stage.telegram.control({
    says: [
      { from: ANNA, text: "ship it", reply_to: message?.message_id ?? 0 },
      { from: ANNA, text: "good morning" },
      { from: { id: 66 }, text: "let me in" },
    ],
  });
  await until("both", async () => (await call(keys.anna, "GET", "get_telegram_responses?limit=1")).total === 2);

  await until("the notification", () => updated.includes("cctelegram://responses"));

  const { structuredContent } = await client.callTool({ name: "get_telegram_responses" });
  expect(structuredContent).toMatchObject({
    count: 2,
    total: 2,
    responses: [
      { message_text: "good morning", event_id: null, user_id: ANNA.id, username: "anna", first_name: "Anna" },
      { message_text: "ship it", event_id, message_type: "text", chat_id: ANNA.id },
    ],
  });
  expect(await textsOf(keys.bert)).toEqual(["good morning"]);
  expect(await textsOf(keys.admin)).toEqual(["good morning"]);

  const { contents } = await client.readResource({ uri: "cctelegram://responses" });
  expect(JSON.parse((contents[0] as { text: string }).text)).toEqual(
    (structuredContent as { responses: object[] }).responses,
  );

  await pressApproval("approve_deploy-7");
  await until("the button", async () => (await call(keys.bert, "GET", "get_telegram_responses")).total === 2);
  expect(await call(keys.bert, "GET", "process_pending_responses?since_minutes=5")).toMatchObject({
    summary: { total_recent_responses: 2, actionable_responses: 1, pending_approvals: 1, pending_denials: 0 },
    actionable_responses: [{ action: "approve", task_id: "deploy-7", user_id: ANNA.id, username: "anna" }],
  });

  // Nothing is an hour old.
  expect(await call(keys.bert, "DELETE", "clear_old_responses?older_than_hours=1")).toMatchObject({
    deleted_count: 0,
  });
  expect(await textsOf(keys.anna)).toEqual([undefined, "good morning", "ship it"]);
  expect(stage.telegram.violations()).toEqual([]);
  await client.close();
});
