import { afterEach, beforeEach, expect, test } from "vitest";
import { httpBridgeClient } from "../../../server/bridge-client/http-bridge-client.ts";
import { noInteraction } from "../../../server/features/interaction.ts";
import { tools } from "../../../server/tools/registry.ts";
import { type FakeBridge, reply, secret, startFakeBridge, threeTriesMs } from "../support/fake-bridge.ts";

let bridge: FakeBridge;

beforeEach(async () => {
  bridge = await startFakeBridge();
});

afterEach(() => bridge.close());

async function call(name: string): Promise<unknown> {
  const client = httpBridgeClient({ url: bridge.url, secret, timeoutMs: threeTriesMs, clock: Date.now });
  const context = { bridge: client, client: { name: "ops", permissions: new Set([name]) }, interaction: noInteraction };
  try {
    const result = await tools.get(name)?.call({}, { ...context, clock: Date.now, newId: () => "id" });
    return (result as { structured: object }).structured;
  } finally {
    await client.close();
  }
}

/** A bridge of the version before answers so what it does not know. */
function isOlder(): void {
  bridge.intercept = ({ url = "" }, response) => {
    if (!url.startsWith("/control")) return false;
    reply(response, 404, { error: true, code: "NOT_FOUND", message: "There is nothing at this path and method." });
    return true;
  };
}

test.each([
  ["check_bridge_process", { running: true, message: "Bridge process is running" }],
  ["start_bridge", { success: true, message: "Bridge is already running" }],
  ["ensure_bridge_running", { success: true, message: "Bridge is already running", action: "already_running" }],
])("an older bridge, which cannot be stopped, runs when it answers: %s", async (tool, told) => {
  isOlder();
  expect(await call(tool)).toEqual(told);
});

test.each([
  ["stop_bridge", /^Failed to stop bridge: .*older than the server's: update it/],
  ["restart_bridge", /^Restart failed: .*older than the server's: update it/],
])("an older bridge cannot be stopped or restarted, and the answer says why: %s", async (tool, told) => {
  isOlder();
  expect(await call(tool)).toEqual({ success: false, message: expect.stringMatching(told) });
});

test("a bridge whose secret is another is not called an older one", async () => {
  bridge.intercept = (_request, response) => {
    reply(response, 401, { error: true, message: "wrong" });
    return true;
  };
  expect(await call("start_bridge")).toEqual({ success: false, message: expect.stringContaining("HMAC_SECRET") });
  expect(await call("check_bridge_process")).toMatchObject({
    running: false,
    note: expect.not.stringContaining("older"),
  });
});

test.each([
  ["check_bridge_process", { running: false, message: "Bridge process is not running" }, "note"],
  ["start_bridge", { success: false }, "message"],
  ["ensure_bridge_running", { success: false, action: "failed" }, "message"],
  ["restart_bridge", { success: true }, "note"],
])("of a fenced bridge %s says since when, and who ends it", async (tool, told, field) => {
  const since = "2026-01-01T00:00:00.000Z";
  bridge.intercept = ({ url = "" }, response) => {
    if (!url.startsWith("/control")) return false;
    reply(response, 200, { instance: `${Math.random()}`, fenced: { since }, changed: true });
    return true;
  };
  const words = expect.stringMatching(`fenced by its operator since ${since} \\(bridge[.]fencing`);
  expect(await call(tool)).toMatchObject({ ...told, [field]: words });
});
