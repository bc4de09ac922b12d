import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { postStateless, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer | undefined;

beforeEach(async () => {
  bridge = await startFakeBridge();
});
afterEach(async () => {
  await server?.close();
  await bridge.close();
});

const key = (name: string) => `key-of-the-client-${name}-for-this-test`;

async function start(keys: Record<string, object>, env: Record<string, string> = {}): Promise<TestServer> {
  const entries = Object.entries(keys).map(([name, entry]) => [key(name), { name, ...entry }]);
  server = await startServer(bridge.url, { MCP_API_KEYS: JSON.stringify(Object.fromEntries(entries)), ...env });
  return server;
}

const warnings = ({ log }: TestServer) =>
  log.filter(({ level }) => level === "warn").map(({ permissions }) => permissions);

test("a key with a group calls its tools, sees no others, and reads no answers of people", async () => {
  const { fetch } = await start({ sender: { permissions: ["group:sending"] } });
  const listed = (await (await fetch("/tools", { key: key("sender") })).json()) as { tools: { name: string }[] };
  expect(listed.tools.map(({ name }) => name)).toEqual([
    ...["send_telegram_event", "send_telegram_message", "send_task_completion", "send_performance_alert"],
    "send_approval_request",
  ]);
  const call = (name: string, json: object) => fetch(`/tools/${name}`, { key: key("sender"), json });
  expect((await call("send_telegram_message", { message: "hello" })).status).toBe(200);
  expect((await call("stop_bridge", {})).status).toBe(403);
  expect((await fetch("/resources/cctelegram?resource=responses", { key: key("sender") })).status).toBe(404);
});

test("a key for a resource reads it over REST and MCP, and calls no tool", async () => {
  const running = await start({ reader: { permissions: ["resource:bridge-status"] } });
  const { fetch } = running;
  expect((await fetch("/resources/cctelegram?resource=bridge-status", { key: key("reader") })).status).toBe(200);
  const read = (uri: string) => postStateless(running, key("reader"), { method: "resources/read", params: { uri } });
  expect(await (await read("cctelegram://bridge-status")).text()).toContain("team_bot");
  expect(await (await read("cctelegram://responses")).text()).not.toContain('"contents"');
  expect((await fetch("/tools/get_bridge_status", { key: key("reader") })).status).toBe(403);
  expect(warnings(running).filter((permissions) => permissions !== undefined)).toEqual([]);
});

test("names of groups and resources that there are not are warned of, and permit nothing", async () => {
  const running = await start({
    typo: { permissions: ["group:sendin", "resource:response", "send_mesage", "group:bans"] },
  });
  expect(warnings(running)).toContainEqual(["group:sendin", "resource:response", "send_mesage"]);
});

describe("a limit of a key's own", () => {
  const keys = {
    small: { permissions: ["*"], limit: { requests: 2, window: 30 } },
    large: { permissions: ["*"], limit: { requests: 200 } },
    usual: { permissions: ["*"] },
  };
  const statuses = async (count: number, name: string, { fetch }: TestServer, path = "/tools") => {
    const answers: number[] = [];
    for (let i = 0; i < count; i += 1) answers.push((await fetch(path, { key: key(name) })).status);
    return answers;
  };

  test("takes the place of that of all keys, in headers and errors too", async () => {
    const running = await start(keys, { MCP_RATE_LIMIT_REQUESTS: "3" });
    expect(await statuses(3, "small", running)).toEqual([200, 200, 429]);
    expect(await statuses(4, "usual", running)).toEqual([200, 200, 200, 429]);
    expect(await statuses(10, "large", running)).toEqual(Array.from({ length: 10 }, () => 200));
    const refused = await running.fetch("/tools", { key: key("small") });
    expect(Object.fromEntries(refused.headers)).toMatchObject({ "x-ratelimit-limit": "2", "x-ratelimit-window": "30" });
    expect(await refused.json()).toMatchObject({ details: { limit: 2, window: 30, limit_type: "client" } });
    const large = await running.fetch("/tools", { key: key("large") });
    expect(large.headers.get("x-ratelimit-remaining")).toBe("189");
  });

  test("is that by which its limits of tools grow", async () => {
    const running = await start(keys, { MCP_RATE_LIMIT_REQUESTS: "100" });
    const answer = await running.fetch("/tools/get_bridge_status", { key: key("large") });
    expect(answer.headers.get("x-ratelimit-tool-limit")).toBe("240");
    const usual = await running.fetch("/tools/get_bridge_status", { key: key("usual") });
    expect(usual.headers.get("x-ratelimit-tool-limit")).toBe("120");
  });
});

test("two keys of one name are one client for what it owns, and each has its own limit", async () => {
  const entry = { name: "claude", permissions: ["*"] };
  const json = JSON.stringify({
    [key("old")]: entry,
    [key("new")]: entry,
    [key("other")]: { ...entry, name: "other" },
  });
  const running = await startServer(bridge.url, { MCP_API_KEYS: json, MCP_RATE_LIMIT_REQUESTS: "3" });
  server = running;
  const { fetch } = running;
  const send = await fetch("/tools/send_telegram_message", { key: key("old"), json: { message: "hello" } });
  const { event_id } = (await send.json()) as { event_id: string };
  bridge.eventStatuses.set(event_id, {});
  const read = (name: string) => fetch(`/resources/cctelegram?resource=events/${event_id}`, { key: key(name) });
  expect((await read("new")).status).toBe(200);
  expect((await read("other")).status).toBe(404);
  for (let i = 0; i < 4; i += 1) await fetch("/tools", { key: key("old") });
  expect((await fetch("/tools", { key: key("old") })).status).toBe(429);
  expect((await fetch("/tools", { key: key("new") })).status).toBe(200);
});
