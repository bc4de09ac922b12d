import { readFileSync } from "node:fs";
import { loadAll } from "js-yaml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tools as registry } from "../server/tools/registry.ts";
import { deliveredTexts, getJson, kubectl, target, waitReady } from "./environment.ts";
import { clusterIP } from "./installation.ts";
import { callTool, connectClient, connectionOf } from "./mcp.ts";

const namespace = "cctelegram";
type Example = { spec?: { server: { auth: { clients: { permissions: string[] }[] } } } };
const example = loadAll(readFileSync("examples/quickstart.yaml", "utf8")) as Example[];
const permissions = example.flatMap(({ spec }) => spec?.server.auth.clients ?? []).flatMap((each) => each.permissions);

describe("examples/quickstart.yaml, applied as it is", () => {
  beforeAll(async () => {
    await kubectl(["apply", "-f", "examples/quickstart.yaml"]);
    await waitReady(namespace, "team");
  });
  afterAll(() => kubectl(["delete", "-f", "examples/quickstart.yaml"]));

  const base = async () => `http://${await clusterIP(target, namespace, "team-mcp-server")}:8080`;
  const connection = () => connectionOf(target, { namespace, resource: "team", client: "claude" });

  test("a real MCP client finds its tools and its message arrives at Telegram", async () => {
    const client = await connectClient(`${await base()}/mcp`, (await connection()).key);
    const { tools } = await client.listTools();
    const permitted = [...registry.values()].filter(({ permission }) => permissions.includes(permission));
    expect(tools.map(({ name }) => name)).toEqual(permitted.map(({ name }) => name));
    const text = `quickstart ${Date.now()}`;
    expect(await callTool(client, "send_telegram_message", { message: text })).toMatchObject({ success: true });
    await expect.poll(deliveredTexts).toContainEqual(expect.stringContaining(text));
    expect(await callTool(client, "get_bridge_status", {})).toMatchObject({ running: true, health: "healthy" });
    await client.close();
  });

  test("the connection Secret holds a ready client configuration with the URL of the status", async () => {
    const { url, key, configuration } = await connection();
    const { status } = await getJson<{ status: { url: string } }>("-n", namespace, "get", "cctd", "team");
    expect(url).toBe(status.url);
    expect(JSON.parse(configuration).mcpServers.cctelegram).toEqual({
      type: "http",
      url,
      headers: { "X-API-Key": key },
    });
  });

  test("a wrong key is refused with 401 and a missing one too", async () => {
    const call = async (headers: Record<string, string>) =>
      (await fetch(`${await base()}/tools/get_bridge_status`, { method: "POST", headers })).status;
    expect(await call({ "x-api-key": "0".repeat(64) })).toBe(401);
    expect(await call({})).toBe(401);
    expect(await call({ authorization: `Bearer ${(await connection()).key}` })).toBe(200);
  });

  test("kubectl get shows what a person wants to know", async () => {
    const table = await kubectl(["-n", namespace, "get", "cctd", "team"]);
    expect(table).toMatch(/NAME +READY +SERVERS +BRIDGE +DELIVERING +QUEUE +VERSION +URL +AGE/);
    expect(table).toMatch(/team +True +1\/1 +1\/1 +True +0 +dev +http:\/\/team-mcp-server.cctelegram.svc:8080\/mcp/);
    expect(await kubectl(["-n", namespace, "describe", "cctd", "team"])).toMatch(/Normal +Ready/);
  });

  test("the pods pass Pod Security restricted, have no API token and cannot write their root", async () => {
    const { items } = await getJson<{ items: { spec: PodSpec }[] }>("-n", namespace, "get", "pods");
    expect(items).toHaveLength(2);
    for (const { spec } of items) {
      expect(spec.automountServiceAccountToken).toBe(false);
      expect(spec.containers.every(({ securityContext }) => securityContext.readOnlyRootFilesystem)).toBe(true);
    }
    expect(readFileSync("examples/quickstart.yaml", "utf8")).toContain(
      "pod-security.kubernetes.io/enforce: restricted",
    );
  });

  test("metrics are served under the guide's names", async () => {
    const server = await clusterIP(target, namespace, "team-mcp-server");
    const metrics = await (await fetch(`http://${server}:9090/metrics`)).text();
    for (const name of ["http_requests_total", "http_request_duration_seconds", "security_events_total"]) {
      expect(metrics).toContain(`# TYPE ${name} `);
    }
    const bridge = await clusterIP(target, namespace, "team-bridge");
    expect(await (await fetch(`http://${bridge}:9090/metrics`)).text()).toContain(
      "cctelegram_messages_delivered_total",
    );
  });
});

type PodSpec = {
  readonly automountServiceAccountToken: boolean;
  readonly containers: { readonly securityContext: { readonly readOnlyRootFilesystem: boolean } }[];
};
