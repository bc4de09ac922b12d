import { describe, expect, test } from "vitest";
import { closeCodes } from "../../server/mcp/transports/web-socket/close-codes.ts";
import { begin, stateless } from "../../test/server/support/web-socket.ts";
import { controlTelegram } from "../environment.ts";
import { origin } from "./caller.ts";
import type { Stage } from "./stage.ts";

const sending = (message: string) => ({ name: "send_telegram_message", arguments: { message } });

const refusedForSeconds = { kind: "rate_limit", times: 1, seconds: 3, scope: "bot" };

const introduce = (apiKey: string) => ({ jsonrpc: "2.0", id: 0, method: "authenticate", params: { apiKey } });

/** MCP over WebSocket: what the proxy passes on, in both directions, and what the server refuses through it. */
export function webSocketBehaviours(stage: Stage): void {
  const key = () => stage.setting().installation.key;

  describe("a WebSocket", () => {
    test("opens with the sub-protocol and the key in the header, and calls tools in both eras", async () => {
      const visitor = stage.visitor();
      const { socket, ask } = await visitor.webSocket({ key: key() });
      expect(socket.protocol).toBe("mcp");
      const stored = { result: { structuredContent: { success: true } } };
      expect(await ask("tools/call", stateless(sending("over a WebSocket")))).toMatchObject(stored);
      await expect.poll(stage.serverLog).toMatch(openedBy(visitor.address));
      socket.terminate();
    });

    test("also takes the key in the first message, at /mcp/ as well", async () => {
      const { socket, send, answer, ask } = await stage.visitor().webSocket({ path: "/mcp/" });
      send(introduce(key()));
      expect(await answer(0)).toMatchObject({ result: { client: "test" } });
      expect(await ask("ping")).toMatchObject({ result: {} });
      socket.terminate();
    });

    test("carries large messages there, and what the server says by itself back", async () => {
      const client = await begin(await stage.visitor().webSocket({ key: key() }));
      expect(await client.ask("ping", { pad: "x".repeat(200 * 1024) })).toMatchObject({ result: {} });
      // The message waits until it can be subscribed to.
      await controlTelegram(stage.setting().installation.bot, { faults: [refusedForSeconds] });
      const { result } = await client.ask("tools/call", sending("and something changes"));
      const { event_id } = (result?.structuredContent ?? {}) as { event_id?: string };
      const uri = `cctelegram://events/${event_id}`;
      expect(await client.ask("resources/subscribe", { uri })).toMatchObject({ result: {} });
      const { params } = await client.until(({ method }) => method === "notifications/resources/updated");
      expect(params).toMatchObject({ uri });
      client.socket.terminate();
    });

    test("is for pages of the own origin, and not for others", async () => {
      const visitor = stage.visitor();
      const from = (page: string) => visitor.webSocket({ key: key(), headers: { origin: page } });
      await expect(from("https://evil.example")).rejects.toMatchObject(refused(403, "FORBIDDEN_ORIGIN"));
      const { socket, ask } = await from(origin);
      expect(await ask("ping")).toMatchObject({ result: {} });
      socket.terminate();
    });

    test("is refused in the server's words without the sub-protocol, with a key in the URL, and with a wrong key", async () => {
      const visitor = stage.visitor();
      const without = visitor.webSocket({ key: key(), protocols: [] });
      await expect(without).rejects.toMatchObject(refused(400, "INVALID_REQUEST"));
      const inUrl = visitor.webSocket({ path: "/mcp?api_key=abc" });
      await expect(inUrl).rejects.toMatchObject(refused(400, "INVALID_REQUEST"));
      const wrong = visitor.webSocket({ key: "a wrong key of enough characters" });
      await expect(wrong).rejects.toMatchObject(refused(401, "AUTHENTICATION_ERROR"));
    });

    test("is closed with the server's codes", async () => {
      const visitor = stage.visitor();
      const stranger = await visitor.webSocket();
      stranger.send(introduce("a wrong key of enough characters"));
      expect(await stranger.closed).toEqual(told("unauthenticated"));
      const binary = await visitor.webSocket({ key: key() });
      binary.socket.send(Buffer.from("{}"));
      expect(await binary.closed).toEqual(told("binaryFrame"));
      const large = await visitor.webSocket({ key: key() });
      // Nothing is on its way when the server closes: a proxy that still has to pass on something may reset the connection.
      large.socket.send("x".repeat(256 * 1024), { fin: false });
      large.socket.send("x", { fin: true });
      expect(await large.closed).toMatchObject({ code: 1009 });
    });

    test("that the client closes is closed at the server, with its code", async () => {
      const { socket, ask, closed } = await stage.visitor().webSocket({ key: key() });
      await ask("ping");
      socket.close(4321, "enough");
      expect(await closed).toEqual({ code: 4321, reason: "enough" });
      await expect.poll(stage.serverLog).toMatch(/"code":4321,.*"msg":"websocket closed"/);
    });
  });
}

function told(why: keyof typeof closeCodes) {
  const { code, reason } = closeCodes[why];
  return { code, reason };
}

const refused = (status: number, code: string) => ({ status, body: expect.stringContaining(`"code":"${code}"`) });

/** The line of the log that tells who has opened a WebSocket. */
const openedBy = (address: string) => new RegExp(`"client_ip":"${address.replaceAll(".", "\\.")}".*"websocket opened"`);
