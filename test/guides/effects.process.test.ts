import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { freePort } from "../../e2e/cluster/free-ports.ts";
import type { Process } from "../server/support/process.ts";
import { processStage } from "../server/support/process-stage.ts";
import { keys, keysJson } from "../server/support/server.ts";

const token = "123456789:AAExampleExampleExampleExampleExample";
/** A variable that is told of at the start. */
const unknown = { REDIS_URL: "redis://redis" };
const quick = { TELEGRAM_RATE_LIMIT_GLOBAL: "1000", TELEGRAM_RATE_LIMIT_PER_CHAT: "1000" };

const stage = processStage("effects");

type Environment = Record<string, string>;

/** The program with variables of the guides, and what they leave to the machine. */
function launch(env: Environment, role = "standalone"): Process {
  const process = stage.start(role, {
    TELEGRAM_API_URL: stage.telegram.url,
    CC_TELEGRAM_DATA_DIR: join(stage.folder, "data"),
    MCP_SERVER_HOST: "127.0.0.1",
    MCP_SERVER_PORT: "0",
    METRICS_HOST: "127.0.0.1",
    ...("PROMETHEUS_PORT" in env ? {} : { METRICS_PORT: "0" }),
    ...("TELEGRAM_BOT_TOKEN_FILE" in env ? {} : { TELEGRAM_BOT_TOKEN: token }),
    TELEGRAM_ALLOWED_USERS: "1001",
    ...(Object.keys(env).some((name) => /API_KEYS/.test(name)) ? {} : { MCP_API_KEYS: keysJson }),
    ...env,
  });
  return process;
}

async function run(env: Environment, role?: string): Promise<Process & { readonly ready: Environment }> {
  const process = launch(env, role);
  return { ...process, ready: await process.logged("ready to work") };
}

/** Ends a program when it has been looked at, so that the next one can have its queue, with all outcomes written down. */
async function over(
  program: ReturnType<typeof run>,
  look: (running: Awaited<ReturnType<typeof run>>) => Promise<void>,
) {
  const running = await program;
  await look(running);
  running.child.kill("SIGTERM");
  await running.exited;
}

const call = (http: string | undefined, tool: string, key: string | undefined, input = {}) =>
  fetch(`${http}/tools/${tool}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key !== undefined && { "x-api-key": key }) },
    body: JSON.stringify(input),
  });

const send = (http: string | undefined, key: string | undefined, message = "hello") =>
  call(http, "send_telegram_message", key, { message });

async function refused(http: string | undefined): Promise<readonly { readonly id: number; readonly reason: string }[]> {
  const answer = await call(http, "list_dead_letters", keys.all);
  return ((await answer.json()) as { dead_letters: [] }).dead_letters;
}

async function fileOf(name: string, content: string): Promise<string> {
  await writeFile(join(stage.folder, name), content, { mode: 0o600 });
  return join(stage.folder, name);
}

describe("variables of the guides, and what they change", () => {
  test("MCP_RATE_LIMIT_REQUESTS, _WINDOW and _BLOCK limit a key, and say so", async () => {
    const limits = { MCP_RATE_LIMIT_REQUESTS: "3", MCP_RATE_LIMIT_WINDOW: "60000", MCP_RATE_LIMIT_BLOCK: "300000" };
    const { ready } = await run(limits);
    const answers = [];
    for (let count = 0; count < 4; count++) answers.push(await call(ready.http, "get_bridge_status", keys.all));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(answers[0]?.headers.get("x-ratelimit-limit")).toBe("3");
    expect(answers[0]?.headers.get("x-ratelimit-window")).toBe("60");
    expect(answers[3]?.headers.get("retry-after")).toBe("300");
  });

  test("MCP_ENABLE_RATE_LIMIT=false takes the limit away", async () => {
    const { ready } = await run({ MCP_ENABLE_RATE_LIMIT: "false", MCP_RATE_LIMIT_REQUESTS: "1" });
    for (let count = 0; count < 3; count++) expect((await send(ready.http, keys.messages)).status).toBe(200);
  });

  test("MCP_ENABLE_AUTH=false lets everybody call, on loopback", async () => {
    const { ready } = await run({ MCP_ENABLE_AUTH: "false" });
    expect((await send(ready.http, undefined)).status).toBe(200);
  });

  test("MCP_API_KEYS_FILE and TELEGRAM_BOT_TOKEN_FILE are read from files", async () => {
    const { ready } = await run({
      MCP_API_KEYS_FILE: await fileOf("api-keys.json", keysJson),
      TELEGRAM_BOT_TOKEN_FILE: await fileOf("telegram-token", `${token}\n`),
    });
    expect((await send(ready.http, keys.messages)).status).toBe(200);
    await vi.waitFor(() => expect(stage.telegram.delivered()).toHaveLength(1));
  });

  test("API_KEYS has keys separated by commas", async () => {
    const { ready } = await run({ API_KEYS: "first-key-of-the-guide,second-key-of-the-guide" });
    expect((await send(ready.http, "second-key-of-the-guide")).status).toBe(200);
    expect((await send(ready.http, "third-key-of-the-guide")).status).toBe(401);
  });

  test("API_KEYS_FILE is read from a file, as MCP_API_KEYS_FILE is", async () => {
    const { ready } = await run({ API_KEYS_FILE: await fileOf("api-keys.json", keysJson) });
    expect((await send(ready.http, keys.messages)).status).toBe(200);
  });

  test("SERVICE_NAME, SERVICE_VERSION and INSTANCE_ID are in the log, the version is in health", async () => {
    const names = { SERVICE_NAME: "cctelegram-mcp-server", SERVICE_VERSION: "1.5.0", INSTANCE_ID: "mcp-01" };
    const { ready } = await run(names);
    expect(ready).toMatchObject({ service: "cctelegram-mcp-server", version: "1.5.0", instance: "mcp-01" });
    expect(await (await fetch(`${ready.http}/health`)).json()).toMatchObject({ version: "1.5.0" });
  });

  test.each(["LOGS_DIR", "CC_TELEGRAM_LOGS_DIR"])(
    "%s has the files, LOG_LEVEL, LOG_FORMAT, LOG_MAX_SIZE and LOG_MAX_FILES say what is in them and how many there are",
    async (directory) => {
      const logs = join(stage.folder, "logs");
      await mkdir(logs);
      const before = ["application.log", "application.log.20260101T000000000Z-000001"];
      await Promise.all(before.map((name) => writeFile(join(logs, name), `${"x".repeat(1024 ** 2)}\n`)));
      const limits = { LOG_MAX_SIZE: "1048576", LOG_MAX_FILES: "2" };
      const program = launch({ ...limits, [directory]: logs, LOG_LEVEL: "warn", LOG_FORMAT: "text", ...unknown });
      const log = () => readFile(join(logs, "application.log"), "utf8").catch(() => "");
      await vi.waitFor(async () => expect(await log()).toContain("have no effect here"), { timeout: 60_000 });
      await vi.waitFor(async () => expect(await readdir(logs)).not.toContain(before[1]));
      expect((await readdir(logs)).filter((name) => name.startsWith("application.log"))).toHaveLength(2);
      expect(program.stdout()).toMatch(/^\S+Z WARN {2}these variables have no effect here/m);
      expect(await log()).not.toContain('"level":"info"');
    },
  );

  test("METRICS_ENABLED and PROMETHEUS_ENABLED turn metrics off, METRICS_PORT and PROMETHEUS_PORT say where they are", async () => {
    for (const name of ["METRICS_ENABLED", "PROMETHEUS_ENABLED"])
      await over(run({ [name]: "false" }), async ({ ready }) => expect(ready.metrics).toBeUndefined());
    for (const name of ["METRICS_PORT", "PROMETHEUS_PORT"]) {
      const port = `${await freePort()}`;
      await over(run({ [name]: port }), async () =>
        expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200),
      );
    }
  });

  test("MCP_SERVER_HOST and MCP_SERVER_PORT say where the server is", async () => {
    const port = `${await freePort()}`;
    await run({ MCP_SERVER_HOST: "127.0.0.2", MCP_SERVER_PORT: port });
    expect((await fetch(`http://127.0.0.2:${port}/health`)).status).toBe(200);
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow("fetch failed");
  });

  test("MONITORING_SERVER_PORT says where the dashboard and its health are, beside MCP on another port", async () => {
    const [mcp, monitoring] = [`${await freePort()}`, `${await freePort()}`];
    const { ready } = await run({ MCP_SERVER_PORT: mcp, MONITORING_SERVER_PORT: monitoring });
    expect(ready).toMatchObject({ http: `http://127.0.0.1:${mcp}`, dashboard: `http://127.0.0.1:${monitoring}` });
    for (const port of [mcp, monitoring]) expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
    // The guide has no password here but in the proxy in front, which hands it on: a key does in its place.
    const shown = (word: string) =>
      fetch(`http://127.0.0.1:${monitoring}/`, { headers: { authorization: `Basic ${btoa(`monitoring:${word}`)}` } });
    expect((await shown("of the proxy alone")).status).toBe(401);
    expect((await shown(keys.all)).headers.get("content-type")).toContain("text/html");
  });

  test("QUEUE_SIZE_LIMIT refuses what would be too many", async () => {
    stage.telegram.control({ outage: true });
    const { ready } = await run({ QUEUE_SIZE_LIMIT: "1", QUEUE_CLIENT_SHARE: "100" });
    expect((await send(ready.http, keys.all)).status).toBe(200);
    const second = await send(ready.http, keys.all);
    expect(second.status).toBe(503);
    expect(JSON.stringify(await second.json())).toContain("queue");
  });

  test("TELEGRAM_API_TIMEOUT ends a request that Telegram does not answer, and the message is tried again", async () => {
    stage.telegram.control({ faults: [{ kind: "hang", times: 1 }] });
    const { ready } = await run({ ...quick, TELEGRAM_API_TIMEOUT: "500" });
    expect((await send(ready.http, keys.all)).status).toBe(200);
    // Without it the first try would last for 30 s.
    await vi.waitFor(() => expect(stage.telegram.delivered()).toHaveLength(1));
  });

  test("EVENTS_DIR and CC_TELEGRAM_EVENTS_DIR have events as files", async () => {
    for (const [index, name] of ["EVENTS_DIR", "CC_TELEGRAM_EVENTS_DIR"].entries()) {
      const events = join(stage.folder, name);
      await over(run({ ...quick, [name]: events }), async () => {
        await writeFile(join(events, "build_1.json"), JSON.stringify({ type: "build_failed", title: name }));
        await vi.waitFor(() => expect(stage.telegram.delivered()).toHaveLength(index + 1));
        expect(stage.telegram.delivered().at(-1)?.text).toMatch(new RegExp(`^❌ ${name}\\n`));
        await vi.waitFor(async () => expect(await readdir(events)).toEqual([]));
      });
    }
  });

  test("RETRY_MAX_ATTEMPTS and TELEGRAM_RETRY_ATTEMPTS give a message up, and the log says of which more is meant", async () => {
    for (const name of ["RETRY_MAX_ATTEMPTS", "TELEGRAM_RETRY_ATTEMPTS"]) {
      stage.telegram.control({ reset: true, faults: [{ kind: "status", status: 500, times: 1 }] });
      await over(run({ ...quick, [name]: "1" }), async ({ ready, logged }) => {
        expect(await logged("these variables mean something else here")).toMatchObject({
          variables: { [name]: expect.stringMatching(/outages/) },
        });
        expect((await send(ready.http, keys.all)).status).toBe(200);
        await vi.waitFor(async () => expect(await refused(ready.http)).toHaveLength(1));
        const [letter] = await refused(ready.http);
        expect(letter?.reason).toMatch(/^given up after 1 try: .*500/);
        await call(ready.http, "drop_dead_letter", keys.all, { id: letter?.id });
      });
      expect(stage.telegram.delivered()).toEqual([]);
    }
  });

  test("CIRCUIT_BREAKER_THRESHOLD failures in a row stop sending for a while", async () => {
    stage.telegram.control({ faults: [{ kind: "status", status: 500, times: 2 }] });
    const { ready, logged } = await run({ ...quick, CIRCUIT_BREAKER_THRESHOLD: "2" });
    expect((await send(ready.http, keys.all)).status).toBe(200);
    expect(await logged("requests to Telegram fail in a row: nothing is sent for a while")).toMatchObject({
      cause: "server_error",
    });
    await vi.waitFor(() => expect(stage.telegram.delivered()).toHaveLength(1));
  });

  test("MESSAGE_BATCH_SIZE is how many are on their way at the same time", async () => {
    stage.telegram.control({ faults: [{ kind: "delay", ms: 500, times: 1 }] });
    const { ready } = await run({ ...quick, MESSAGE_BATCH_SIZE: "1", TELEGRAM_ALLOWED_USERS: "1001,1002" });
    expect((await send(ready.http, keys.all)).status).toBe(200);
    await vi.waitFor(() => expect(stage.telegram.delivered()).toHaveLength(2));
    // What is told late goes first: the other one was not on its way.
    expect(stage.telegram.delivered().map(({ chat_id }) => chat_id)).toEqual([1001, 1002]);
  });

  test("TELEGRAM_RATE_LIMIT_GLOBAL and _PER_CHAT say how fast messages go out, TELEGRAM_ALLOWED_USERS to whom", async () => {
    stage.telegram.control({ limits: { global: 2, perChat: 1, perGroupMinute: 20 } });
    const people = "1001,1002,1003";
    const slow = { TELEGRAM_RATE_LIMIT_GLOBAL: "2", TELEGRAM_RATE_LIMIT_PER_CHAT: "1", TELEGRAM_ALLOWED_USERS: people };
    const { ready } = await run(slow);
    for (const text of ["one", "two"]) expect((await send(ready.http, keys.all, text)).status).toBe(200);
    await vi.waitFor(() => expect(stage.telegram.delivered()).toHaveLength(6));
    const chats = stage.telegram.delivered().map(({ chat_id }) => chat_id);
    expect(new Set(chats)).toEqual(new Set([1001, 1002, 1003]));
    expect(stage.telegram.violations()).toEqual([]);
  });

  test("HMAC_SECRET is what server and bridge have to have in common", async () => {
    const secret = "a-secret-of-at-least-32-characters!";
    const bridge = await run({ HMAC_SECRET: secret, BRIDGE_HOST: "127.0.0.1", BRIDGE_PORT: "0" }, "bridge");
    const BRIDGE_URL = bridge.ready.bridge ?? "";
    const right = await run({ HMAC_SECRET: secret, BRIDGE_URL }, "serve");
    const wrong = await run({ HMAC_SECRET: `another-${secret}`, BRIDGE_URL, BRIDGE_TIMEOUT: "1000" }, "serve");
    expect((await send(right.ready.http, keys.all)).status).toBe(200);
    expect((await send(wrong.ready.http, keys.all)).status).toBeGreaterThanOrEqual(500);
  });
});
