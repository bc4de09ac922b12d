import { fastify } from "fastify";
import { Counter, Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { asServerError, replyError } from "../../../server/http/error-reply.ts";
import { healthPaths } from "../../../server/http/health-routes.ts";
import { shedLoad } from "../../../server/http/load-shedding.ts";
import { createLogger } from "../../../server/telemetry/logger.ts";

/** An application whose event loop is held up for as long as a test says. */
async function appWith(limitMs: number) {
  const lines: { msg: string; [detail: string]: unknown }[] = [];
  const service = { name: "test", version: "0", instance: "0" };
  const logger = createLogger({
    level: "info",
    service,
    destination: { write: (line) => lines.push(JSON.parse(line)) },
  });
  const shed = new Counter({ name: "shed", help: "Shed.", registers: [new Registry()] });
  const loop = { ms: 0 };
  const app = fastify();
  app.setErrorHandler((error: Error, request, reply) => replyError(asServerError(error), request, reply, { now: 0 }));
  shedLoad(app, { limitMs, heldUpMs: () => loop.ms, spared: healthPaths, shed, logger });
  for (const path of ["/mcp", "/tools", ...healthPaths]) app.get(path, async () => "done");
  await app.ready();
  const status = async (url: string) => (await app.inject({ url })).statusCode;
  return { app, loop, lines, status, count: async () => (await shed.get()).values[0]?.value ?? 0 };
}

describe("while the event loop is held up", () => {
  test("requests are refused with what to do, and counted", async () => {
    const { app, loop, count } = await appWith(2_000);
    loop.ms = 3_400;
    const answer = await app.inject({ url: "/tools" });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers["retry-after"]).toBe("5");
    expect(answer.json()).toMatchObject({ error: true, code: "SERVER_OVERLOADED", details: { retry_after: 5 } });
    expect((await app.inject({ url: "/mcp" })).json()).toMatchObject({ jsonrpc: "2.0", error: { code: -32603 } });
    expect(await count()).toBe(2);
  });

  test("nobody is asked to stay away for longer than half a minute", async () => {
    const { app, loop } = await appWith(2_000);
    loop.ms = 3_600_000;
    expect((await app.inject({ url: "/tools" })).headers["retry-after"]).toBe("30");
  });

  test("probes and people are told of the health on every path of it", async () => {
    const { loop, status, count } = await appWith(2_000);
    loop.ms = 60_000;
    for (const path of healthPaths) expect(await status(path)).toBe(200);
    expect(await count()).toBe(0);
  });

  test("the log has a line when it begins and one when it ends, however many requests come", async () => {
    const { loop, lines, status } = await appWith(2_000);
    loop.ms = 2_001;
    for (let i = 0; i < 100; i += 1) expect(await status("/tools")).toBe(503);
    loop.ms = 2_000;
    for (let i = 0; i < 3; i += 1) expect(await status("/tools")).toBe(200);
    expect(lines.map(({ msg }) => msg)).toEqual(["too busy: requests are refused", "requests are taken again"]);
    expect(lines[1]).toMatchObject({ refused: 100 });
  });

  test("a limit of 0 refuses nothing", async () => {
    const { loop, status } = await appWith(0);
    loop.ms = 60_000;
    expect(await status("/tools")).toBe(200);
  });
});
