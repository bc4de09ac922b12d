import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  applyResource,
  condition,
  createNamespace,
  createToken,
  deleteNamespace,
  endpoint,
  expectReason,
  kubectl,
  waitReady,
} from "./environment.ts";

describe("a resource says what a person has to do", () => {
  let namespace: string;
  beforeEach(async () => {
    namespace = await createNamespace("trouble");
  });
  afterEach(() => deleteNamespace(namespace));

  test("when the bot token's Secret is missing; it runs soon after the Secret arrives", async () => {
    await applyResource(namespace, "late");
    await expectReason(namespace, "late", "Ready", "BotTokenSecretNotFound");
    const { message } = (await condition(namespace, "late", "Ready"))!;
    expect(message).toContain("create secret generic telegram --from-literal=token=");
    await createToken(namespace);
    await waitReady(namespace, "late", "1m");
  });

  test("when the image cannot be pulled, without writing status again and again", async () => {
    await createToken(namespace);
    await applyResource(namespace, "unpullable", { images: { server: "127.0.0.1:1/nobody/listens:here" } });
    await expectReason(namespace, "unpullable", "Degraded", "ImagePullFailed");
    const version = () =>
      kubectl(["-n", namespace, "get", "cctd", "unpullable", "-o", "jsonpath={.metadata.resourceVersion}"]);
    await expectReason(namespace, "unpullable", "Ready", "ImagePullFailed");
    const isQuiet = async () => {
      const before = await version();
      await new Promise((resolve) => setTimeout(resolve, 20_000));
      return (await version()) === before;
    };
    // What its other parts come to is written within a minute.
    await expect.poll(isQuiet, { timeout: 90_000, interval: 1_000 }).toBe(true);
  });

  test("when a quota leaves no room for pods; it runs when the quota is raised", async () => {
    await createToken(namespace);
    await kubectl(["-n", namespace, "create", "quota", "none", "--hard=pods=0"]);
    await applyResource(namespace, "crowded");
    await expectReason(namespace, "crowded", "Degraded", "QuotaExceeded");
    await kubectl(["-n", namespace, "delete", "quota", "none"]);
    await waitReady(namespace, "crowded", "3m");
  });

  test("when a program ends again and again: with what it said last", async () => {
    await createToken(namespace);
    await applyResource(namespace, "crashing", { server: { env: [{ name: "SHUTDOWN_DELAY", value: "soon" }] } });
    await expectReason(namespace, "crashing", "Degraded", "CrashLooping");
    const { message } = (await condition(namespace, "crashing", "Degraded"))!;
    expect(message).toMatch(/MCP server: .*code 78.*SHUTDOWN_DELAY/);
    expect(await kubectl(["-n", namespace, "describe", "cctd", "crashing"])).toMatch(/SHUTDOWN_DELAY/);
  });

  test("when the bot token is wrong; it runs when the token is right", async () => {
    await kubectl(["-n", namespace, "create", "secret", "generic", "telegram", "--from-literal=token=not-a-token"]);
    await applyResource(namespace, "mistyped");
    await expect
      .poll(async () => (await condition(namespace, "mistyped", "Ready"))?.status, { timeout: 60_000 })
      .toBe("False");
    await kubectl(["-n", namespace, "delete", "secret", "telegram"]);
    await createToken(namespace);
    await kubectl(["-n", namespace, "delete", "pod", "mistyped-bridge-0"]);
    await waitReady(namespace, "mistyped");
  });
});

test("a client without the permission is refused, on MCP and on REST", async () => {
  const namespace = await createNamespace("permissions");
  try {
    await createToken(namespace);
    const clients = [{ name: "test", permissions: ["get_bridge_status"] }];
    await applyResource(namespace, "strict", { server: { auth: { clients } } });
    await waitReady(namespace, "strict");
    const { base, url, key } = await endpoint(namespace, "strict");
    const headers = {
      "x-api-key": key,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": "send_telegram_message",
    };
    const body = JSON.stringify({ message: "not allowed" });
    expect((await fetch(`${base}/tools/send_telegram_message`, { method: "POST", headers, body })).status).toBe(403);
    expect((await fetch(`${base}/tools/get_bridge_status`, { method: "POST", headers, body: "{}" })).status).toBe(200);
    const call = {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: {
        name: "send_telegram_message",
        arguments: { message: "x" },
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientCapabilities": {},
        },
      },
    };
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(call) });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ id: 1, result: { isError: true } });
  } finally {
    await deleteNamespace(namespace);
  }
});
