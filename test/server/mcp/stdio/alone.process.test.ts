import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { programOf } from "../../../support/programs.ts";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { auditOf } from "../../support/audit.ts";
import { handshake, type Line, startLine } from "../../support/stdio.ts";
import { stateless } from "../../support/web-socket.ts";

const token = "123456789:AAExampleExampleExampleExampleExample";
const main = programOf("server");

let directory: string;
let telegram: TelegramServer;
let line: Line | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "stdio-"));
  telegram = await startTelegram();
  line = undefined;
});

afterEach(async () => {
  line?.child.kill("SIGKILL");
  await line?.exited;
  await telegram.close();
  await rm(directory, { recursive: true });
});

const environment = () => ({
  TELEGRAM_BOT_TOKEN: token,
  TELEGRAM_ALLOWED_USERS: "1001",
  TELEGRAM_API_URL: telegram.url,
  CC_TELEGRAM_DATA_DIR: join(directory, "data"),
  LOG_LEVEL: "debug",
});

function start(): Line {
  line = startLine(environment());
  return line;
}

const texts = () => telegram.received().map(({ text }) => text);
const arrived = (message: string) => vi.waitFor(() => expect(texts()).toContainEqual(expect.stringContaining(message)));
const call = (id: string | number, message: string) => {
  const params = { name: "send_telegram_message", arguments: { message } };
  return { jsonrpc: "2.0", id, method: "tools/call", params };
};

describe("stdio by itself", () => {
  test("refuses a field that a tool does not know when it is told to be strict", async () => {
    line = startLine({ ...environment(), INPUT_VALIDATION_STRICT: "true" });
    await handshake(line);
    const params = { name: "send_telegram_message", arguments: { message: "hello", mesage: "hello" } };
    const { result } = await line.ask("tools/call", params);
    expect(result?.isError).toBe(true);
    expect(JSON.stringify(result)).toContain("mesage: no such field; did you mean message?");
  });

  test("a client of the SDK starts it, sends a message that reaches Telegram, and ends it", async () => {
    const env = { ...environment(), PATH: process.env.PATH ?? "" };
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [main, "stdio"],
      env,
      stderr: "pipe",
    });
    const client = new Client({ name: "test", version: "1" });
    await client.connect(transport);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("send_telegram_message");
    await client.callTool({ name: "send_telegram_message", arguments: { message: "hello over stdio" } });
    await arrived("hello over stdio");
    expect((await client.listPrompts()).prompts.length).toBeGreaterThan(0);
    await client.close();
  });

  test("no port is open, and what is said is messages alone; the log is on stderr without secrets", async () => {
    const { ask, child, said, stderr, exited } = start();
    await handshake(line!);
    expect(await ask("tools/call", { name: "get_bridge_status" })).toMatchObject({
      result: { structuredContent: { running: true } },
    });
    expect(await listeningSockets(child.pid)).toEqual([]);
    child.stdin?.end();
    expect(await exited).toBe(0);
    expect(said()).toHaveLength(2);
    expect(stderr()).toContain("tool called");
    const records = auditOf(stderr().split("\n"));
    expect(records).toMatchObject([{ decision: "tool_call", outcome: "done", client: "local", transport: "stdio" }]);
    expect(records[0]).not.toHaveProperty("client_ip");
    expect(stderr()).not.toContain(token);
  });

  test("with metrics there is one port, and it has them", async () => {
    line = startLine({ ...environment(), METRICS_ENABLED: "true", METRICS_PORT: "0" });
    await handshake(line);
    expect(await listeningSockets(line.child.pid)).toHaveLength(1);
    await line.ask("tools/call", { name: "get_bridge_status" });
    const { metrics = "" } = JSON.parse(
      line
        .stderr()
        .split("\n")
        .find((row) => row.includes("ready to work")) ?? "{}",
    );
    expect(await (await fetch(`${metrics}/metrics`)).text()).toContain("mcp_tool_calls_total");
  });

  test("what becomes of a message is told to who has subscribed to it", async () => {
    const { ask, until } = start();
    await handshake(line!);
    const uri = "cctelegram://bridge-status";
    await ask("resources/subscribe", { uri });
    await ask("tools/call", { name: "send_telegram_message", arguments: { message: "followed" } });
    expect(await until(({ method }) => method === "notifications/resources/updated")).toMatchObject({
      params: { uri },
    });
  });

  test("both eras, several messages at once, line ends of Windows, and a message in pieces", async () => {
    const { write, answer, ask } = start();
    const ping = (id: number) => JSON.stringify({ jsonrpc: "2.0", id, method: "ping" });
    write(`${ping(1)}\n${ping(2)}\r\n\n  \n${ping(3).slice(0, 10)}`);
    expect(await answer(1)).toMatchObject({ result: {} });
    expect(await answer(2)).toMatchObject({ result: {} });
    write(`${ping(3).slice(10)}\n`);
    expect(await answer(3)).toMatchObject({ result: {} });
    const params = stateless({ name: "send_telegram_message", arguments: { message: "stateless" } });
    expect(await ask("tools/call", params)).toMatchObject({ result: { resultType: "complete" } });
    await arrived("stateless");
  });

  test.each([
    ["bytes that are no text", Buffer.from([0xff, 0x00, 0xfe]), null, -32700],
    ["a batch", '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', null, -32600],
    [
      "a message that is too large",
      `{"jsonrpc":"2.0","id":7,"method":"ping","params":{"pad":"${"x".repeat(3e6)}"}}`,
      7,
      -32600,
    ],
    ["one that is large and none", "x".repeat(3e6), null, -32600],
  ])("%s is answered, and the next message too", async (_name, text, id, code) => {
    const { write, answer, ask } = start();
    write(text);
    write("\n");
    expect(await answer(id)).toMatchObject({ error: { code } });
    expect(await ask("ping")).toMatchObject({ result: {} });
  });

  test("a message of the largest size is read, whatever stands in it", async () => {
    const { write, answer } = start();
    const message = { jsonrpc: "2.0", id: 1, method: "ping", params: { pad: "" } };
    const pad = "x\u2028".repeat(50_000);
    const text = JSON.stringify({ ...message, params: { pad } });
    expect(Buffer.byteLength(text)).toBeLessThan(256 * 1024);
    write(`${text}\n`);
    expect(await answer(1)).toMatchObject({ result: {} });
  });

  test("at the end of its input it answers what is under way, and ends", async () => {
    const { child, send, exited, said } = start();
    await handshake(line!);
    for (let id = 1; id <= 50; id++) send(call(id, `message ${id}`));
    child.stdin?.end();
    expect(await exited).toBe(0);
    const answers = said().slice(1);
    expect(answers).toHaveLength(50);
    for (const { result } of answers) expect(result).toMatchObject({ structuredContent: { success: true } });
  });

  test("what was listened to ends with its input", async () => {
    const { child, send, until, exited } = start();
    const params = stateless({ notifications: { resourceSubscriptions: ["cctelegram://bridge-status"] } });
    send({ jsonrpc: "2.0", id: "listen", method: "subscriptions/listen", params });
    await until(({ method }) => method === "notifications/subscriptions/acknowledged");
    child.stdin?.end();
    expect(await exited).toBe(0);
    expect(line!.said().at(-1)).toMatchObject({ id: "listen", result: { resultType: "complete" } });
  });

  test("SIGTERM ends it in the same way, and what was accepted is kept for the next one", async () => {
    telegram.close();
    const first = start();
    await handshake(first);
    first.send(call(1, "kept"));
    expect(await first.answer(1)).toMatchObject({ result: { structuredContent: { success: true } } });
    first.child.kill("SIGTERM");
    expect(await first.exited).toBe(0);
    telegram = await startTelegram();
    start();
    await arrived("kept");
  });

  test("a client that does not read holds nothing up, and one that has closed its end is gone", async () => {
    const { child, send, write, exited } = start();
    await handshake(line!);
    child.stdout?.pause();
    for (let id = 1; id <= 200; id++) send({ jsonrpc: "2.0", id, method: "tools/list" });
    write(`${JSON.stringify(call("last", "said to nobody"))}\n`);
    child.stdout?.resume();
    await line!.answer("last");
    await arrived("said to nobody");
    child.stdout?.destroy();
    send({ jsonrpc: "2.0", id: "more", method: "tools/list" });
    expect(await exited).toBe(0);
  });

  test("a second one on the same data says what to do, and nothing on stdout", async () => {
    start();
    await handshake(line!);
    const second = startLine(environment());
    expect(await second.exited).toBe(78);
    expect(second.stdout()).toBe("");
    expect(second.stderr()).toContain("CC_TELEGRAM_DATA_DIR");
  });

  test("without bot and server it says what is missing", async () => {
    const missing = startLine({});
    expect(await missing.exited).toBe(78);
    expect(missing.stdout()).toBe("");
    expect(missing.stderr()).toContain("CCTELEGRAM_URL");
  });
});

/** The sockets on which a process listens, as Linux tells. */
async function listeningSockets(pid: number | undefined): Promise<string[]> {
  const tables = await Promise.all(["tcp", "tcp6"].map((name) => readFile(`/proc/${pid}/net/${name}`, "utf8")));
  const rows = tables.flatMap((table) => table.split("\n").map((row) => row.trim().split(/\s+/)));
  const listening = rows.filter(([, , , state]) => state === "0A").map((row) => `socket:[${row[9]}]`);
  const files = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(files.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
  return links.filter((link) => listening.includes(link));
}
