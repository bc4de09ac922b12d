import { expect, test, vi } from "vitest";
import { beginSession, keys, postStateless } from "../support/server.ts";
import { talk } from "../support/web-socket.ts";
import { workSite } from "../support/work-site.ts";

const site = workSite();

/** Work that ends when the test says so, or when it is cancelled. */
function pending() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const seen = { begun: false, cancelled: false, end: () => resolve("done") };
  site.work = ({ interaction }) => {
    seen.begun = true;
    interaction.signal.addEventListener("abort", () => {
      seen.cancelled = true;
      resolve("cancelled");
    });
    interaction.progress(1);
    return promise;
  };
  return seen;
}

const params = { name: "work", _meta: { progressToken: 1 } };
const call = (id: number) => ({ jsonrpc: "2.0", id, method: "tools/call", params });
const cancel = (requestId: unknown, reason?: unknown) => ({
  jsonrpc: "2.0",
  method: "notifications/cancelled",
  params: { requestId, reason },
});

test("a connection that is closed cancels its request in MCP 2026-07-28", async () => {
  const seen = pending();
  const response = await postStateless(site.server, keys.all, { method: "tools/call", params });
  await response.body?.cancel();
  await vi.waitFor(() => expect(seen.cancelled).toBe(true));
});

test("a connection that is lost cancels nothing in a session", async () => {
  const seen = pending();
  const session = await beginSession(site.server, keys.all);
  const response = await session.post(call(1));
  const lost = site.server.log.length;
  await response.body?.cancel();
  await session.post({ jsonrpc: "2.0", id: 2, method: "ping" });
  expect(site.server.log.length).toBeGreaterThan(lost);
  expect(seen).toMatchObject({ begun: true, cancelled: false });
  seen.end();
});

test("a request that is cancelled gets no answer, and nothing more is told of it", async () => {
  const seen = pending();
  const session = await beginSession(site.server, keys.all);
  const response = await session.post(call(1));
  expect((await session.post(cancel(1, "changed my\nmind"))).status).toBe(202);
  const text = await response.text();
  expect(text).toContain("notifications/progress");
  expect(text).not.toContain('"result"');
  expect(seen.cancelled).toBe(true);
});

test("the reason for a cancellation is logged on one line, whichever way it came", async () => {
  const lines = () => site.server.log.filter(({ msg }) => msg === "a client cancels a request");
  const hostile = cancel(1, 'no\n{"level":"error"}');
  const logged = { level: "debug", reason: 'no?{"level":"error"}' };
  const session = await beginSession(site.server, keys.all);
  await session.post(hostile);
  expect(lines().at(-1)).toMatchObject(logged);
  const before = lines().length;
  const connection = await talk(site.server.url, { key: keys.all });
  connection.send(hostile);
  await vi.waitFor(() => expect(lines()).toHaveLength(before + 1));
  expect(lines().at(-1)).toMatchObject(logged);
  connection.socket.terminate();
});

test.each([1, "1", 99, -1, "x".repeat(2000), null, {}, undefined, 1.5])(
  "a cancellation of %j, which is not under way, is ignored",
  async (id) => {
    site.work = async () => "done";
    const session = await beginSession(site.server, keys.all);
    expect((await session.post({ ...call(1), params: { name: "work" } })).status).toBe(200);
    expect((await session.post(cancel(id))).status).toBe(202);
    const answer = await session.post({ ...call(1), params: { name: "work" } });
    expect(await answer.json()).toMatchObject({ id: 1, result: { content: [{ text: "done" }] } });
  },
);
