import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newKey } from "../support/authorization-server.ts";
import { keys } from "../support/server.ts";
import { begin, session, talk } from "../support/web-socket.ts";
import { type Stage, scopes, stage } from "./support.ts";

let open: Stage;

beforeAll(async () => {
  open = await stage();
});
afterAll(() => open[Symbol.asyncDispose]());

const seconds = () => Math.floor(Date.now() / 1000);
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const introduction = (params: object, id = 0) => ({ jsonrpc: "2.0", id, method: "authenticate", params });
const send = { name: "send_telegram_message", arguments: { message: "by WebSocket" } };

describe("a WebSocket", () => {
  test("opens with a token in the header, and calls what its scopes permit", async () => {
    const connection = await session(open.server.url, bearer(await open.token()));
    expect((await connection.ask("tools/call", send)).result).toMatchObject({ structuredContent: { success: true } });
    const { result } = await connection.ask("tools/call", { name: "send_performance_alert", arguments: {} });
    expect(result).toMatchObject({ isError: true });
    expect(JSON.stringify(result)).toContain(`INSUFFICIENT_SCOPE`);
    expect(JSON.stringify(result)).toContain(scopes.alert);
    connection.socket.close();
  });

  test("takes a token in its first message, and what comes with it has its turn afterwards", async () => {
    const connection = await talk(open.server.url);
    const accessToken = await open.token(scopes.send, { jti: "not seen before" });
    connection.send(introduction({ accessToken }));
    await begin(connection);
    expect((await connection.answer(0)).result).toMatchObject({ client: expect.stringMatching(/^oauth:alice:/) });
    expect((await connection.ask("tools/call", send)).result).toMatchObject({ structuredContent: { success: true } });
    connection.socket.close();
  });

  test.each(["header", "message"])("is refused with a wrong token in its %s", async (place) => {
    const token = await open.token(scopes.send, { aud: "https://other.example.com/mcp" });
    if (place === "header") {
      await expect(talk(open.server.url, bearer(token))).rejects.toMatchObject({ status: 401 });
      return;
    }
    const connection = await talk(open.server.url);
    connection.send(introduction({ accessToken: token }));
    connection.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: send });
    expect((await connection.answer(0)).error?.data).toMatchObject({ code: "ACCESS_TOKEN_REQUIRED" });
    expect((await connection.closed).code).toBe(4401);
    expect(connection.received).toHaveLength(1);
  });

  test("does not take a token in its URL, nor as a key", async () => {
    const token = await open.token();
    const inUrl = talk(open.server.url, { path: `/mcp?access_token=${token}` });
    await expect(inUrl).rejects.toMatchObject({ status: 400 });
    expect(open.server.logText()).not.toContain(token);
    const connection = await talk(open.server.url);
    connection.send(introduction({ apiKey: token }));
    expect((await connection.closed).code).toBe(4401);
  });

  test("ends when its token does, and lives on with a newer one of the same person", async () => {
    const ending = await open.token(scopes.send, { exp: seconds() - 25 });
    const [left, renewed] = await Promise.all([
      session(open.server.url, bearer(ending)),
      session(open.server.url, bearer(ending)),
    ]);
    const accessToken = await open.token(scopes.send, { jti: "newer" });
    expect((await renewed.ask("authenticate", { accessToken })).result).toBeDefined();
    for (const accessToken of [await open.token(scopes.send, { sub: "mallory" }), keys.all]) {
      expect((await renewed.ask("authenticate", { accessToken })).error).toBeDefined();
    }
    expect((await renewed.ask("authenticate", { apiKey: keys.all })).error?.message).toContain(
      "belongs to another client",
    );
    const pinging = setInterval(() => left.send({ jsonrpc: "2.0", id: 7, method: "ping" }), 100);
    expect((await left.closed).code).toBe(4401);
    clearInterval(pinging);
    expect((await renewed.ask("tools/call", send)).result).toMatchObject({ structuredContent: { success: true } });
    renewed.socket.close();
  });

  test("is told to come later when nobody can check its token", async () => {
    const accessToken = await open.authority.token(open.resource, { key: await newKey() });
    await open.authority.stop();
    const connection = await talk(open.server.url);
    connection.send(introduction({ accessToken }));
    expect((await connection.closed).code).toBe(1013);
    await open.authority.start();
  });
});
