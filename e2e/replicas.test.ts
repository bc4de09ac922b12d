import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Agent, fetch as undiciFetch } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  applyResource,
  createNamespace,
  createToken,
  deleteNamespace,
  endpoint,
  kubectl,
  podsOf,
  waitReady,
} from "./environment.ts";

const resource = "many";

describe("three servers behind a Service without affinity", () => {
  let namespace: string;
  let url: string;
  let base: string;
  let key: string;
  /** A connection of its own for each request, so that the Service chooses a server each time. */
  const agent = new Agent({ pipelining: 0 });
  const scattered = ((input, init) =>
    undiciFetch(input as string, { ...(init as object), dispatcher: agent })) as typeof fetch;

  beforeAll(async () => {
    namespace = await createNamespace("replicas");
    await createToken(namespace);
    const resources = { requests: { cpu: "50m", memory: "96Mi" } };
    const server = {
      replicas: 3,
      resources,
      auth: { clients: [{ name: "test", permissions: ["*"] }] },
      rateLimit: { mode: "Disabled" },
    };
    await applyResource(namespace, resource, { server });
    await waitReady(namespace, resource);
    ({ base, url, key } = await endpoint(namespace, resource));
  });
  afterAll(async () => {
    await agent.close();
    await deleteNamespace(namespace);
  });

  async function connected(mode: "legacy" | { pin: string }): Promise<Client> {
    const client = new Client({ name: "cctelegram-e2e", version: "1" }, { versionNegotiation: { mode } });
    const requestInit = { headers: { "x-api-key": key } };
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit, fetch: scattered }));
    return client;
  }

  test("requests really come to all of them", async () => {
    const instances = new Set<string>();
    const met = async () => {
      const health = (await (await scattered(`${base}/health`)).json()) as { instance: string };
      return instances.add(health.instance).size;
    };
    // A node leads requests to a pod a moment after the pod is ready.
    await expect.poll(met, { interval: 20 }).toBe(3);
  });

  test("a rolling update in the middle fails no request of either era", async () => {
    const failures: string[] = [];
    let calls = 0;
    let isRunning = true;
    const clients = [await connected("legacy"), await connected({ pin: "2026-07-28" })];
    const loops = clients.map(async (client, era) => {
      while (isRunning) {
        try {
          const status = await client.callTool({ name: "get_bridge_status" });
          // The bridge is restarted, too, and the status says so; that is no failure of the request.
          expect(status.structuredContent).toMatchObject({ running: expect.any(Boolean) });
          expect((await client.readResource({ uri: "cctelegram://event-types" })).contents).toHaveLength(1);
          calls += 1;
        } catch (error) {
          failures.push(`${era === 0 ? "2025-11-25" : "2026-07-28"}: ${(error as Error).message}`);
        }
      }
    });
    const before = (await podsOf(namespace, resource, "mcp-server")).map(({ metadata }) => metadata.uid);
    const restart = `cctelegram.io/restartedAt=${new Date().toISOString()}`;
    await kubectl(["-n", namespace, "annotate", "cctd", resource, restart, "--overwrite"]);
    await expect
      .poll(
        async () =>
          (await podsOf(namespace, resource, "mcp-server")).filter(({ metadata }) => before.includes(metadata.uid)),
        { timeout: 180_000, interval: 1_000 },
      )
      .toEqual([]);
    await waitReady(namespace, resource);
    isRunning = false;
    await Promise.all(loops);
    await Promise.all(clients.map((client) => client.close()));
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(100);
  });
});
