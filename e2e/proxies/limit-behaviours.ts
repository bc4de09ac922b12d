import { describe, expect, test } from "vitest";
import type { Asking, Caller } from "./caller.ts";
import { expectError, withKeyOf } from "./calls.ts";
import type { Stage } from "./stage.ts";

/** Other spellings of /tools, which a server may decode in another way than the proxy. */
const detours = [
  "//tools/x",
  "/health/../tools/x",
  "/health/%2e%2e/tools/x",
  "/%74ools/x",
  "/mcp/../tools/x",
  "/TOOLS/x",
];

/** What only begins alike. */
const neighbours = ["/tool", "/toolsx", "/toolsets/x"];

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "visitor", version: "1" } },
});

/** Limits on rate and size. */
export function limitBehaviours(stage: Stage): void {
  const withKey = withKeyOf(stage);
  const status = (who: Caller) => who.ask("/tools/get_bridge_status", withKey({ body: "{}" }));
  const mcp = (who: Caller, body: string) => who.ask("/mcp", withKey({ body }));

  describe("/tools/ above its limit", () => {
    test("is 429 with the time to wait, and nothing else is limited", async () => {
      const { limit, retryAfter } = stage.setting().proxy;
      const visitor = stage.visitor();
      const answers = await Promise.all(Array.from({ length: 40 }, () => status(visitor)));
      const served = answers.filter((answer) => answer.status === 200);
      const refused = answers.filter((answer) => answer.status === 429);
      expect(served.length + refused.length).toBe(40);
      // Requests that took a while may have been allowed a few more.
      expect(served.length).toBeGreaterThanOrEqual(limit);
      expect(served.length).toBeLessThanOrEqual(limit + 3);
      for (const answer of refused) {
        expect(answer.headers["retry-after"]).toBe(retryAfter);
        expectError(answer, "RATE_LIMIT_EXCEEDED");
      }
      const health = await Promise.all(Array.from({ length: 60 }, () => visitor.ask("/health")));
      expect(new Set(health.map(({ status }) => status))).toEqual(new Set([200]));
      expect(await mcp(visitor, initialize)).toMatchObject({ status: 200 });
      for (const path of detours)
        expect((await visitor.ask(path, withKey({ body: "{}" }))).status, path).toBeOneOf([404, 429]);
      for (const path of neighbours) expect((await visitor.ask(path)).status, path).toBe(404);
      expect(await status(stage.visitor())).toMatchObject({ status: 200 });
    });

    test("counts the addresses of one IPv6 network of 64 bits as one", async () => {
      const [one, neighbour, other] = stage.withIpv6();
      await Promise.all(Array.from({ length: 40 }, () => status(one)));
      expect(await status(neighbour)).toMatchObject({ status: 429 });
      expect(await status(other)).toMatchObject({ status: 200 });
    });
  });

  describe("a body that is too large", () => {
    const large = JSON.stringify({ message: "x".repeat(300 * 1024) });
    async function* inParts() {
      for (let at = 0; at < large.length; at += 16_384) yield large.slice(at, at + 16_384);
    }

    test.each<[string, () => Asking]>([
      ["in one piece", () => ({ body: large })],
      ["in parts without a length", () => ({ body: inParts() })],
    ])("is 413, %s", async (_, asking) => {
      const answer = await stage.visitor().ask("/tools/send_telegram_message", withKey(asking()));
      expect(answer.status).toBe(413);
      expectError(answer, "PAYLOAD_TOO_LARGE");
    });

    test("is an answer of the protocol on /mcp", async () => {
      const call = { name: "send_telegram_message", arguments: { message: large } };
      const body = JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tools/call", params: call });
      const { status, text } = await mcp(stage.visitor(), body);
      expect({ status, id: JSON.parse(text).id }).toEqual({ status: 200, id: 7 });
      expect(text).toContain("PAYLOAD_TOO_LARGE");
    });
  });
}
