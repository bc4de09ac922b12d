import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askHttp2, origin, upgraded } from "./caller.ts";
import { expectError } from "./calls.ts";
import { killProxy, startProxy } from "./proxy.ts";
import type { Stage } from "./stage.ts";
import { cutOff, firstEvent, type StreamingBackend, startStreamingBackend } from "./streaming-backend.ts";

/** What is passed on before it is complete. Each of these tests waits forever if the proxy holds a part back. */
export function streamBehaviours(stage: Stage): void {
  let backend: StreamingBackend;
  /** An address that only the proxies use. */
  const service = () => stage.setting().machine.clients.outside.at(-1) ?? "";

  beforeAll(async () => {
    const { machine, proxy } = stage.setting();
    backend = await startStreamingBackend(machine.clients.inside);
    await machine.redirect(service(), backend.port);
    await startProxy(machine, proxy, service());
  });
  afterAll(async () => {
    await stage.leave();
    await killProxy(stage.setting().machine, stage.setting().proxy);
    await backend.close();
  });

  test("each event arrives before the next one is sent", { timeout: 10_000 }, async () => {
    const [stream, response] = await Promise.all([backend.nextStream(), stage.visitor().fetch(`${origin}/mcp`)]);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    // The first one comes with the headers, which proxies pass on even when they buffer the rest.
    expect(await reader?.read()).toEqual({ done: false, value: firstEvent });
    for (const event of ["data: second\n\n", "data: third\n\n"]) {
      stream.write(event);
      expect(await reader?.read()).toEqual({ done: false, value: event });
    }
    stream.end();
    expect(await reader?.read()).toMatchObject({ done: true });
  });

  test("over HTTP/2 as well", { timeout: 10_000 }, async () => {
    expect(await askHttp2(stage.visitor(), "/mcp")).toEqual({ status: 200, first: firstEvent });
  });

  test("the first part of a body arrives before the second is sent", { timeout: 10_000 }, async () => {
    const visitor = stage.visitor();
    const received = backend.nextPart();
    async function* body() {
      yield "first";
      expect(await received).toBe("first");
      yield "second";
    }
    expect(await visitor.ask("/mcp", { method: "POST", body: body() })).toMatchObject({ status: 200, text: "{}" });
  });

  test("a WebSocket is passed on in both directions", { timeout: 10_000 }, async () => {
    const socket = await upgraded(stage.visitor());
    for (const message of ["one", "two"]) {
      socket.write(message);
      expect((await once(socket, "data"))[0]).toBe(message);
    }
    socket.destroy();
  });

  test("a call that the server cuts off is told in the form of its errors", async () => {
    // Over HTTP/2 HAProxy ends the stream instead.
    const socket = await stage.visitor().open({ ALPNProtocols: ["http/1.1"] });
    const head = [`POST ${cutOff} HTTP/1.1`, "Host: mcp.example.com", "Connection: close", "Content-Length: 2"];
    socket.write(`${head.join("\r\n")}\r\n\r\n{}`);
    const answer = String(Buffer.concat(await socket.toArray()));
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toMatch(/^retry-after: 5\r$/im);
    expect(answer).toContain('"code":"SERVER_UNAVAILABLE"');
  });

  test("a server that is away is told in the form of its errors, and found again", async () => {
    await backend.close();
    const visitor = stage.visitor();
    // HAProxy retries for three seconds.
    for (const answer of await Promise.all(["/mcp", "/tools", "/health"].map((path) => visitor.ask(path)))) {
      expect(answer.status).toBe(503);
      expect(answer.headers["retry-after"]).toBe("5");
      expectError(answer, "SERVER_UNAVAILABLE");
    }
    const { machine } = stage.setting();
    backend = await startStreamingBackend(machine.clients.inside, backend.port);
    await expect.poll(async () => (await visitor.ask("/mcp", { method: "POST" })).status).toBe(200);
  });
}
