import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { actionResultSchema, eventTraceSchema, historySchema, overviewSchema } from "../../../contract/monitoring.ts";
import { eventOf, scratch, until } from "../bridge/support.ts";
import { keys, postStateless, startServer } from "../support/server.ts";
import { admin, basic, password, type Stage, startStage } from "./support.ts";

const reading = ["overview", "history", "stream", "dashboard", "events/a"].map((name) => `/api/monitoring/${name}`);

let stage: Stage;

beforeEach(async () => {
  stage = await startStage();
});

afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

describe("who may look", () => {
  test("is asked for name and password, and told nothing before", async () => {
    for (const path of ["/", "/dashboard/", ...reading]) {
      const answer = await fetch(stage.server.dashboardUrl + path);
      expect([path, answer.status]).toEqual([path, 401]);
      expect(answer.headers.get("www-authenticate")).toMatch(/^Basic realm=/);
      expect(await answer.text()).not.toContain("<title");
    }
  });

  test("gets the page at / and at /dashboard/, with its own policy, and what the page asks for beside both", async () => {
    for (const path of ["/", "/dashboard/"]) {
      const answer = await stage.ask(path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
      expect((await stage.ask(`${path}api/monitoring/overview`)).status).toBe(200);
    }
    const moved = await stage.ask("/dashboard");
    expect([moved.status, moved.headers.get("location")]).toEqual([308, "dashboard/"]);
  });

  test("may show a key with the permission, in a header or in the place of the password", async () => {
    const url = `${stage.server.dashboardUrl}/api/monitoring/overview`;
    const status = async (headers: Record<string, string>) => (await fetch(url, { headers })).status;
    expect(await status({ "x-api-key": keys.messages })).toBe(200);
    expect(await status({ authorization: `Bearer ${keys.messages}` })).toBe(200);
    expect(await status(basic("whoever", keys.messages))).toBe(200);
    expect(await status({ "x-api-key": keys.nothing })).toBe(403);
    expect(await status(basic("admin", keys.nothing))).toBe(403);
    const answer = await fetch(url, { headers: { "x-api-key": "a-key-that-nobody-has-ever-made" } });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, expect.stringMatching(/^Bearer/)]);
  });

  test("is banned after five wrong passwords: then the right one is not even compared, and a key still gets in", async () => {
    for (let n = 0; n < 4; n += 1)
      expect((await stage.ask("/", { headers: basic("admin", `guess ${n}`) })).status).toBe(401);
    expect((await stage.ask("/")).status).toBe(200);
    await stage.ask("/", { headers: basic("admin", "guess 5") });
    const banned = await stage.ask("/");
    expect(banned.status).toBe(429);
    expect(Number(banned.headers.get("retry-after"))).toBeGreaterThan(3_000);
    expect((await stage.ask("/", { headers: basic("admin", keys.messages) })).status).toBe(200);
    expect((await stage.act({ action: "lift_ban", address: "127.0.0.1" }, keys.all)).status).toBe(200);
    expect((await stage.ask("/")).status).toBe(200);
    expect(stage.server.logText()).not.toContain("guess");
  });

  test("who knows the password gets in although somebody at the same address guesses keys", async () => {
    const guess = () => stage.server.fetch("/tools", { key: "a-key-that-nobody-has-ever-made" });
    for (let n = 0; n < 6; n += 1) await (await guess()).text();
    expect((await guess()).status).toBe(429);
    expect((await stage.ask("/")).status).toBe(200);
    for (let n = 0; n < 6; n += 1)
      expect((await stage.ask("/", { headers: basic("admin", keys.messages) })).status).toBe(200);
    expect((await stage.ask("/")).status).toBe(200);
  });

  test("that comes without anything, as browsers do first, is not counted as a failure", async () => {
    for (let n = 0; n < 10; n += 1) await fetch(stage.server.dashboardUrl);
    expect((await stage.ask("/")).status).toBe(200);
  });

  test("is no page of another origin, and no name that the server does not know", async () => {
    const foreign = { origin: "https://evil.example" };
    expect((await stage.ask("/api/monitoring/overview", { headers: foreign })).status).toBe(403);
    expect((await stage.ask("/api/monitoring/stream", { headers: foreign })).status).toBe(403);
    const pause = { action: "pause_delivery" };
    expect((await stage.act(pause, keys.all, foreign)).status).toBe(403);
    expect(stage.bridge.control.paused).toBeUndefined();
    const { port } = new URL(stage.server.dashboardUrl);
    const request = get({ port, host: "127.0.0.1", path: "/", headers: { ...admin, host: "rebound.example" } });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(403);
  });

  test("needs nothing for /health, which tells no details here", async () => {
    for (const path of ["/health", "/health/live", "/health/ready", "/live", "/ready"]) {
      expect((await fetch(stage.server.dashboardUrl + path)).status).toBe(200);
    }
    for (const path of ["/health/detailed", "/status", "/report", "/mcp", "/tools", "/metrics"]) {
      expect((await stage.ask(path)).status).toBe(404);
    }
  });
});

describe("the password", () => {
  test("of a file is another one as soon as the file is, and what is none leaves the one of before", async () => {
    await using folder = await scratch();
    const path = join(folder.path, "password");
    await writeFile(path, `${password}\n`);
    await using other = await startStage({ MONITORING_PASSWORD: "", MONITORING_PASSWORD_FILE: path });
    expect((await other.ask("/")).status).toBe(200);
    await writeFile(path, "short");
    await other.server.reload();
    expect((await other.ask("/")).status).toBe(200);
    await writeFile(path, "another one altogether");
    await until("the change", async () => {
      const answer = await other.ask("/");
      // A body that nobody reads keeps its connection.
      await answer.text();
      return answer.status === 401;
    });
    expect((await other.ask("/", { headers: basic("admin", "another one altogether") })).status).toBe(200);
    expect(other.server.logText()).not.toContain("another one altogether");
  });

  test("ends the streams of those who knew the one before", async () => {
    await using folder = await scratch();
    const path = join(folder.path, "password");
    await writeFile(path, password);
    await using other = await startStage({ MONITORING_PASSWORD: "", MONITORING_PASSWORD_FILE: path });
    const stream = await other.ask("/api/monitoring/stream");
    const body = stream.text();
    await writeFile(path, "another one altogether");
    await other.server.reload();
    expect(await body).toMatch(/^data: \{.*\}\n\n/);
  });

  test("may be left out: then a key is asked for, and the port is there because it was named", async () => {
    await using other = await startStage({ MONITORING_PASSWORD: "" });
    expect((await other.ask("/")).status).toBe(401);
    expect((await other.ask("/", { headers: basic("admin", keys.messages) })).status).toBe(200);
  });

  test("without it and without a port there is no dashboard, and a port that is taken is told at the start", async () => {
    const none = await startServer(stage.bridge.url);
    expect(none.dashboardUrl).toBe("");
    await none.close();
    const { port } = new URL(stage.server.dashboardUrl);
    await expect(startServer(stage.bridge.url, { MONITORING_SERVER_PORT: port })).rejects.toThrow(
      /port is in use.\nChoose another port with MONITORING_SERVER_PORT/,
    );
  });
});

describe("the overview", () => {
  test("shows server and bridge, what happened, and all is well", async () => {
    await stage.bridge.accept(eventOf("a", { title: "very secret" }));
    await until("delivery", () => stage.bridge.eventStatus("a", "tester").state === "sent");
    await stage.server.fetch("/tools/send_telegram_message", { key: keys.messages, json: { message: "very secret" } });
    await until("both", async () => {
      const { bridge } = await stage.overview();
      return bridge.reachable && bridge.state.deliveries.delivered === 2;
    });
    const overview = await stage.overview();
    expect(overview).toMatchObject({ health: "healthy", reasons: [], bans: [], bans_total: 0, alerts: [] });
    expect(overview.pods.map(({ role }) => role)).toEqual(["bridge", "server"]);
    const kinds = overview.activity.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "delivered")).toHaveLength(2);
    expect(JSON.stringify(overview)).not.toContain("secret");
    const history = await (await stage.ask("/api/monitoring/history?hours=1")).json();
    expect(historySchema.parse(history).series.accepted).toHaveLength(60);
    expect((await stage.ask("/api/monitoring/history?hours=99")).status).toBe(400);
  });

  test("follows an event by the ids of the call that sent it", async () => {
    const headers = { "x-request-id": "req-7", traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
    const sent = await stage.server.fetch("/tools/send_telegram_message", {
      key: keys.messages,
      json: { message: "hello" },
      headers,
    });
    const { event_id } = (await sent.json()) as { event_id: string };
    await until("delivery", () => stage.bridge.eventStatus(event_id, "claude").state === "sent");
    const answer = await stage.ask(`/api/monitoring/events/${event_id}?client=claude`);
    const trace = eventTraceSchema.parse(await answer.json());
    expect(trace).toMatchObject({
      request_id: "req-7",
      trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
      client: "claude",
    });
    expect(trace.steps.map(({ what }) => what)).toEqual(["called", "accepted", "delivered"]);
    expect((await stage.ask("/api/monitoring/events/nothing")).status).toBe(404);
  });

  test("follows an event of MCP by the trace that the client tells in _meta", async () => {
    const _meta = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
    const params = { name: "send_telegram_message", arguments: { message: "hello" }, _meta };
    const called = await postStateless(stage.server, keys.messages, { method: "tools/call", params });
    const { result } = (await called.json()) as { result: { structuredContent: { event_id: string } } };
    const answer = await stage.ask(`/api/monitoring/events/${result.structuredContent.event_id}`);
    expect(await answer.json()).toMatchObject({ trace_id: "0af7651916cd43dd8448eb211c80319c", client: "claude" });
  });

  test("tells what is wrong, and the alerts that would fire", async () => {
    stage.telegram.control({ blocked: [1] });
    await stage.bridge.accept(eventOf("a"));
    await until("the refusal", () => stage.bridge.eventStatus("a", "tester").state === "refused");
    await until("the alert", async () => (await stage.overview()).alerts.length === 1);
    const overview = await stage.overview();
    expect(overview).toMatchObject({ health: "degraded", reasons: [expect.stringContaining("refuse messages: 1")] });
    expect(overview.alerts).toMatchObject([{ name: "MessagesFailed", severity: "warning", firing: true }]);
    const upstream = await (await stage.ask("/api/monitoring/dashboard")).json();
    expect(upstream).toMatchObject({
      delivery_metrics: {
        failed_messages: 1,
        dead_letter_messages: 1,
        delivered_messages: 0,
        delivery_rate_percent: 0,
      },
      queue_stats: { pending_jobs: 0, dead_letter_jobs: 1 },
      recent_failures: [{ correlation_id: "a", client: "tester" }],
      system_health: { overall_status: "Degraded" },
      alerts: [{ id: "MessagesFailed", severity: "Warning" }],
    });
  });

  test("without a bridge says since when, and shows what the servers know", async () => {
    await until("two servers", async () => (await stage.overview()).pods.length === 2);
    const { url } = stage.bridge;
    await stage.bridge.close();
    await until("the loss", async () => !(await stage.overview()).bridge.reachable);
    const overview = await stage.overview();
    expect(overview.bridge).toMatchObject({ reachable: false, error: expect.stringContaining("not reachable") });
    expect(overview).toMatchObject({ health: "unhealthy", pods: [{ role: "server", health: "healthy" }] });
    expect(overview.alerts).toMatchObject([{ name: "BridgeDown", firing: false }]);
    expect((await stage.ask("/api/monitoring/history")).status).toBe(503);
    expect((await (await stage.ask("/api/monitoring/dashboard")).json()) as object).not.toHaveProperty("queue_stats");
    expect(url).not.toBe("");
  });

  test("shows all servers of one bridge, and the bans of each", async () => {
    const second = await startServer(stage.bridge.url, {
      INSTANCE_ID: "second",
      MONITORING_SERVER_PORT: "0",
      MCP_BAN_FAILURES: "1",
    });
    try {
      await second.fetch("/tools", { key: "a-key-that-nobody-has-ever-made" });
      await until("the other one's ban", async () => (await stage.overview()).bans.length === 1);
      const overview = await stage.overview();
      expect(overview.pods.map(({ name }) => name).toSorted()).toEqual(["bridge", "local", "second"]);
      expect(overview.bans).toMatchObject([
        { address: "127.0.0.1", reason: "authentication_failures", pods: ["second"] },
      ]);
      expect(overview.activity).toContainEqual(expect.objectContaining({ kind: "ban", pod: "second" }));
    } finally {
      await second.close();
    }
  });
});

test("a hostile server pod makes the overview no larger than it may be, and no word of it is markup or a control character", async () => {
  const words = `<img src=x onerror=alert(1)>\u001b[2J${"x".repeat(200)}`;
  const per_minute = { requests: 1e9, errors: 1e9, limited: 1e9, unauthenticated: 1e9, tool_calls: 1e9 };
  const report = { name: words, role: "server", version: words, started_at: "never", seen_at: "x".repeat(64) } as const;
  const usage = {
    draining: false,
    memory_bytes: 2 ** 53 - 1,
    event_loop_delay_ms: 1e300,
    streams: 2 ** 53 - 1,
    per_minute,
  };
  const ban = { reason: "exceeded_limits", client: words, since: "never", until: "never" } as const;
  for (let pod = 0; pod < 99; pod += 1) {
    stage.bridge.monitoring.tell({
      process: `hostile-${pod}`,
      report: { ...report, ...usage, health: "unhealthy", reasons: Array.from({ length: 20 }, () => words) },
      totals: { requests: 2 ** 53 - 1, errors: 0, limited: 0, unauthenticated: 0 },
      slow_share: 1,
      keys_failed: true,
      bans: Array.from({ length: 100 }, (_, n) => ({ ...ban, address: `${pod}.${n}.${words}`.slice(0, 256) })),
      bans_total: 2 ** 53 - 1,
    });
  }
  await until("all are told", async () => (await stage.overview()).pods.length === 101);
  const answer = await stage.ask("/api/monitoring/overview");
  const text = await answer.text();
  expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
  expect(text.length).toBeLessThan(1024 * 1024);
  expect(text).not.toContain("\\u001b");
  expect(overviewSchema.parse(JSON.parse(text)).bans).toHaveLength(100);
  // What it says of itself alarms, and keeps nobody from anything.
  expect(JSON.parse(text).health).toBe("degraded");
  await stage.server.fetch("/tools/send_telegram_message", { key: keys.messages, json: { message: "hello" } });
  await until("the message", () => stage.telegram.delivered().length === 1);
});

test("a question to people is followed by its call, too, and the same question of another call is the same", async () => {
  await using asking = await startStage({}, { telegram: { updates: { mode: "Polling" } } });
  const ask = (request: string) =>
    asking.server.fetch("/tools/send_approval_request", {
      key: keys.all,
      json: { title: "Deploy?", description: "Now?", task_id: "deploy-1" },
      headers: { "x-request-id": request },
    });
  expect((await ask("first")).status).toBe(200);
  expect((await ask("second")).status).toBe(200);
  const answer = await asking.ask("/api/monitoring/events/deploy-1?client=admin");
  expect(await answer.json()).toMatchObject({
    request_id: "first",
    steps: expect.arrayContaining([expect.anything()]),
  });
  const { bridge } = await asking.overview();
  expect(bridge.reachable && bridge.state.approvals).toMatchObject([{ approval_id: "deploy-1", client: "admin" }]);
});

describe("the stream", () => {
  test("tells at once, and again and again, what the overview is, and ends when the server drains", async () => {
    const stream = await stage.ask("/api/monitoring/stream");
    expect(stream.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(stream.headers.get("cache-control")).toBe("no-store");
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    const times = new Set<string>();
    let text = "";
    // Two in a row may tell of one look.
    while (times.size < 2) {
      text += (await reader?.read())?.value ?? "";
      const told = text.split("\n\n").slice(0, -1);
      for (const event of told) times.add(overviewSchema.parse(JSON.parse(event.replace(/^data: /, ""))).at);
    }
    const [first = "", second = ""] = times;
    expect(Date.parse(second)).toBeGreaterThan(Date.parse(first));
    stage.server.drain();
    let done = false;
    while (!done) done = (await reader?.read())?.done === true;
    expect((await stage.ask("/api/monitoring/stream")).status).toBe(503);
  });

  test("of a server that ends is told by the bridge at once: nobody misses it", async () => {
    const second = await startServer(stage.bridge.url, { INSTANCE_ID: "second", MONITORING_SERVER_PORT: "0" });
    const told = () => stage.bridge.monitoring.state().servers.find(({ report }) => report.name === "second")?.report;
    await until("the second", () => told() !== undefined);
    second.drain();
    await second.close();
    expect(told()).toMatchObject({ draining: true });
  });

  test("has room for so many, and asks the bridge no more often for them than for one", async () => {
    const asked = vi.spyOn(stage.bridge.monitoring, "state");
    const start = performance.now();
    const streams = await Promise.all(Array.from({ length: 32 }, () => stage.ask("/api/monitoring/stream")));
    const full = await stage.ask("/api/monitoring/stream");
    expect([full.status, full.headers.get("retry-after")]).toEqual([503, "5"]);
    const told = streams.slice(1).map(async ({ body }) => (await body?.getReader().read())?.value?.length);
    for (const length of await Promise.all(told)) expect(length).toBeGreaterThan(100);
    // One look may have been made before, and one is due each two seconds.
    expect(asked.mock.calls.length).toBeLessThanOrEqual(2 + (performance.now() - start) / 2_000);
    await streams[0]?.body?.cancel();
    await until("room", async () => {
      const again = await stage.ask("/api/monitoring/stream");
      if (again.status === 200) streams[0] = again;
      else await again.text();
      return again.status === 200;
    });
    await streams[0]?.body?.cancel();
  });
});

describe("what somebody does", () => {
  test("needs a key in the header: neither the password nor a bearer token does anything", async () => {
    const body = JSON.stringify({ action: "pause_delivery" });
    const post = (headers: Record<string, string>) =>
      fetch(`${stage.server.dashboardUrl}/api/monitoring/actions`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json", ...headers },
      });
    for (const headers of [admin, { authorization: `Bearer ${keys.all}` }, {}]) {
      const answer = await post(headers);
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, expect.stringMatching(/^Bearer/)]);
    }
    expect((await post({ ...admin, "x-api-key": "a-key-that-nobody-has-ever-made" })).status).toBe(401);
    expect(stage.bridge.control.paused).toBeUndefined();
    expect((await post({ ...admin, "x-api-key": keys.all })).status).toBe(200);
    expect(stage.bridge.control.paused).toMatchObject({ by: "admin" });
  });

  test("needs the permission for just that, and is written down with who and the outcome", async () => {
    expect((await stage.act({ action: "pause_delivery" }, keys.messages)).status).toBe(403);
    expect((await stage.act({ action: "retry_dead_letter", id: 1 }, keys.messages)).status).toBe(403);
    expect((await stage.act({ action: "drop_dead_letter", id: 4711 }, keys.all)).status).toBe(404);
    const sent = await stage.act({ action: "send_test_message" }, keys.messages, { "x-request-id": "req-9" });
    expect(await sent.json()).toMatchObject({ done: true, message: expect.stringContaining("sent successfully") });
    await until("the message", () => stage.telegram.delivered().length === 1);
    const audited = stage.server.log.filter(({ decision }) => decision === "dashboard_action");
    expect(audited.map(({ action, client, outcome, code }) => [action, client, outcome, code])).toEqual([
      ["pause_delivery", "claude", "refused", "UNAUTHORIZED_TOOL"],
      ["retry_dead_letter", "claude", "refused", "UNAUTHORIZED_TOOL"],
      ["drop_dead_letter", "admin", "refused", "DEAD_LETTER_NOT_FOUND"],
      ["send_test_message", "claude", "done", undefined],
    ]);
    expect(audited[2]).toMatchObject({ dead_letter: 4711 });
    expect(audited.at(-1)).toMatchObject({ request_id: "req-9", client_ip: "127.0.0.1" });
  });

  test("stops delivery and lets it go on, sends a refused message again, and drops one", async () => {
    stage.telegram.control({ blocked: [1] });
    await stage.bridge.accept(eventOf("a"));
    await stage.bridge.accept(eventOf("b"));
    await until("the refusals", () => stage.bridge.status().queue.failed === 2);
    const ids = stage.bridge.monitoring
      .state()
      .dead_letters.toReversed()
      .map(({ id }) => id);
    stage.telegram.control({ reset: true });
    expect((await stage.act({ action: "retry_dead_letter", id: ids[0] }, keys.all)).status).toBe(200);
    expect((await stage.act({ action: "drop_dead_letter", id: ids[1] }, keys.all)).status).toBe(200);
    await until("delivery", () => stage.bridge.eventStatus("a", "tester").state === "sent");
    expect(stage.bridge.status().queue).toMatchObject({ pending: 0, failed: 0 });
    const stopped = await stage.act({ action: "pause_delivery" }, keys.all);
    expect(actionResultSchema.parse(await stopped.json()).message).toMatch(/^Delivery is stopped/);
    const goesOn = await stage.act({ action: "resume_delivery" }, keys.all);
    expect(actionResultSchema.parse(await goesOn.json()).message).toBe("Delivery goes on.");
    expect(stage.bridge.control.paused).toBeUndefined();
  });

  test("that is no action, or has more to it, is refused with every field that is wrong", async () => {
    for (const action of [
      {},
      { action: "explode" },
      { action: "pause_delivery", force: true },
      { action: "lift_ban" },
    ]) {
      expect((await stage.act(action, keys.all)).status).toBe(400);
    }
    expect((await stage.act({ action: "lift_ban", address: "not an address" }, keys.all)).status).toBe(400);
    expect((await stage.act({ action: "pause_delivery", filler: "x".repeat(10_000) }, keys.all)).status).toBe(413);
    expect((await stage.ask("/api/monitoring/actions")).status).toBe(401);
  });
});
