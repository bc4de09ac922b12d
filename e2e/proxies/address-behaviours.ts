import { describe, expect, test } from "vitest";
import type { Asking, Caller } from "./caller.ts";
import type { Stage } from "./stage.ts";

const forged = "203.0.113.99";
const wrong: Asking = {
  method: "POST",
  headers: {
    "x-api-key": "a wrong key of enough characters",
    "x-forwarded-for": forged,
    "x-real-ip": forged,
    forwarded: `for=${forged}`,
  },
};

/** The server learns the address of the client, not that of the proxy, and not what the client claims. */
export function addressBehaviours(stage: Stage): void {
  const lines = async () =>
    (await stage.serverLog())
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
  const lineOf = (requestId: unknown) =>
    expect.poll(async () => (await lines()).find((line) => line.request_id === requestId && line.msg === "request"));

  describe("the address of a client", () => {
    test("stands in the server's log, under the id of the answer", async () => {
      const visitor = stage.visitor();
      const headers = { "x-api-key": stage.setting().installation.key, "x-forwarded-for": forged };
      const { status, headers: answered } = await visitor.ask("/tools", { headers });
      expect(status).toBe(200);
      await lineOf(answered["x-request-id"]).toMatchObject({ client_ip: visitor.address, client: "test", status: 200 });
    });

    test("an id that the client chose is kept when it is harmless", async () => {
      const id = "from-a-client.1";
      expect((await stage.visitor().ask("/nothing", { headers: { "x-request-id": id } })).headers["x-request-id"]).toBe(
        id,
      );
      const bad = '"}<script>';
      expect(
        (await stage.visitor().ask("/nothing", { headers: { "x-request-id": bad } })).headers["x-request-id"],
      ).not.toBe(bad);
    });

    test("stands in the security log, for fail2ban", async () => {
      const visitor = stage.visitor();
      expect(await visitor.ask("/mcp", wrong)).toMatchObject({ status: 401 });
      await expect.poll(stage.serverLog).toContain(`SECURITY authentication_failure client_ip=${visitor.address}`);
    });

    test("is what wrong keys are limited by: another address behind the same proxy is not", async () => {
      const stranger = stage.visitor();
      const refused = await askUntilLimited(stranger);
      expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
      expect(await stage.visitor().ask("/mcp", wrong)).toMatchObject({ status: 401 });
      expect(await stranger.ask("/mcp", wrong)).toMatchObject({ status: 429 });
    });

    test("is never the proxy's, the node's or the one that somebody claims", async () => {
      const seen = new Set((await lines()).map((line) => line.client_ip).filter((address) => address !== undefined));
      const { machine } = stage.setting();
      const node = machine.address.replace(/\d+$/, "1");
      // Probes of the kubelet and the operator's handshake come directly; they do not count.
      const visitors = [...seen].filter((address) => machine.clients.outside.includes(address));
      expect(visitors.length).toBeGreaterThan(2);
      expect([...seen]).not.toContain(forged);
      expect([...seen]).not.toContain(machine.address);
      expect(failuresOf(await lines())).not.toContain(node);
    });
  });
}

const failuresOf = (lines: { event?: string; client_ip?: string }[]) =>
  lines.filter(({ event }) => event === "authentication_failure").map(({ client_ip }) => client_ip);

/** Wrong keys, a few at a time, until the address is refused. */
async function askUntilLimited(stranger: Caller) {
  for (let round = 0; round < 40; round += 1) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => stranger.ask("/mcp", wrong)));
    const refused = answers.find(({ status }) => status === 429);
    if (refused !== undefined) return refused;
  }
  throw new Error("800 wrong keys of one address were not limited");
}
