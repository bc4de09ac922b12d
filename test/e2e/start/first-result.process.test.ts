import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { freePorts } from "../../../e2e/cluster/free-ports.ts";
import { callTool, connectClient } from "../../../e2e/mcp.ts";
import { madeUpAccount } from "../../../e2e/start/account.ts";
import { startStandalone } from "../../../e2e/start/standalone.ts";
import { startTelegram } from "../../telegram/telegram.ts";
import { type Program, startProgram } from "./program.ts";

const runs = "It runs until Ctrl-C";

/** Its address, from the configuration that it shows. */
function endpoint(output: string): { url: string; key: string } {
  const server = /"mcpServers"[\s\S]*?"url": "([^"]+)"[\s\S]*?"X-API-Key": "([^"]+)"/.exec(output);
  return { url: server?.[1] ?? "", key: server?.[2] ?? "" };
}

async function send(output: string, message: string): Promise<void> {
  const { url, key } = endpoint(output);
  const client = await connectClient(url, key);
  await callTool(client, "send_telegram_message", { message });
  await client.close();
}

const startWithoutCluster = (env: Record<string, string> = {}) => startProgram("main.ts", ["--no-cluster"], env);

describe.each([
  ["npm start -- --no-cluster", () => startWithoutCluster()],
  ["npm run standalone -- --try", () => startProgram("try.ts")],
])("%s", (_, start) => {
  test("sends a message with an MCP client, shows it as Telegram received it, and each one that follows", async () => {
    const program = start();
    const output = await program.shows(runs);
    expect(output).toMatch(/An MCP client called send_telegram_message:\n\{\n {2}"success": true/);
    expect(output).toMatch(/Telegram received:\n\{\n[\s\S]*Hello from CCTelegram[\s\S]*"status":200|"status": 200/);
    const [, url = "", password = ""] = /^Dashboard: +(\S+) +user admin, password (\S+)$/m.exec(output) ?? [];
    const authorization = `Basic ${btoa(`admin:${password}`)}`;
    expect((await fetch(url, { headers: { authorization } })).status).toBe(200);
    await send(output, "one of my own");
    await program.shows(/Telegram received:[\s\S]*Telegram received:[\s\S]*one of my own/);
  });

  test("leaves nothing behind after Ctrl-C, which a terminal and npm send one after the other", async () => {
    const program = start();
    await program.shows(runs);
    expect(program.leftovers()).not.toEqual([]);
    program.child.kill("SIGINT");
    program.child.kill("SIGINT");
    expect(await program.ended).toBe(0);
    expect(program.leftovers()).toEqual([]);
  });

  test("leaves nothing behind when it is ended while it starts", async () => {
    const program = start();
    // The server has a folder, and nothing is shown yet.
    await vi.waitFor(() => expect(readdirSync(program.folder)).not.toEqual([]), { interval: 5 });
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(0);
    expect(program.output()).not.toContain(runs);
    expect(program.leftovers()).toEqual([]);
  });

  test("killed with -9 it takes the server and its data along", async () => {
    const program = start();
    await program.shows(runs);
    program.child.kill("SIGKILL");
    await vi.waitFor(() => expect(program.leftovers()).toEqual([]), { interval: 100 });
  });

  test("two at once do not meet", async () => {
    const programs = [start(), start()];
    const outputs = await Promise.all(programs.map((program) => program.shows(runs)));
    expect(new Set(outputs.map((output) => endpoint(output).url)).size).toBe(2);
    await send(outputs[0]!, "to the first");
    await programs[0]!.shows("to the first");
    expect(programs[1]!.output()).not.toContain("to the first");
  });
});

test("the server that is tried keeps away from ~/.cctelegram and from strangers", async () => {
  const program = startProgram("try.ts", [], { CC_TELEGRAM_DATA_DIR: "/nowhere", MCP_ENABLE_AUTH: "false" });
  const output = await program.shows(runs);
  const { url } = endpoint(output);
  expect(new URL(url).hostname).toBe("127.0.0.1");
  const answer = await fetch(url.replace(/mcp$/, "tools/get_bridge_status"), { method: "POST", body: "{}" });
  expect(answer.status).toBe(401);
  expect(existsSync(join(program.folder, ".cctelegram"))).toBe(false);
});

test.each([
  [{ TELEGRAM_BOT_TOKEN: madeUpAccount.token }, "set by TELEGRAM_BOT_TOKEN:"],
  [
    { TELEGRAM_BOT_TOKEN: madeUpAccount.token, TELEGRAM_ALLOWED_USERS: "1" },
    "set by TELEGRAM_BOT_TOKEN and TELEGRAM_ALLOWED_USERS:",
  ],
])("--try beside a real bot is refused: %j", async (env, text) => {
  const program = startProgram("try.ts", [], env);
  expect(await program.ended).toBe(64);
  expect(program.output()).toContain(text);
});

describe("with a real bot", async () => {
  /** A Bot API that knows one bot and some chats, like Telegram's own. */
  async function botApi(chats?: readonly number[]) {
    const telegram = await startTelegram({ tokens: [madeUpAccount.token], ...(chats ? { chats } : {}) });
    onTestFinished(() => telegram.close());
    return telegram;
  }

  const [closedPort] = await freePorts(1);

  const real = (url: string, token = madeUpAccount.token, users = "123456789") =>
    startWithoutCluster({ TELEGRAM_BOT_TOKEN: token, TELEGRAM_ALLOWED_USERS: users, TELEGRAM_API_URL: url });

  test("the message goes to its people", async () => {
    const telegram = await botApi();
    const program = real(telegram.url);
    const output = await program.shows(runs);
    expect(output).toContain("The message is in your Telegram.");
    expect(output).not.toContain("shown here");
    expect(telegram.delivered().map(({ chat_id }) => chat_id)).toEqual([123456789]);
  });

  test.each([
    ["a wrong token", (url: string) => real(url, `1${madeUpAccount.token}`), "Unauthorized"],
    ["a person who has never written to the bot", (url: string) => real(url, madeUpAccount.token, "42"), "42"],
    ["a Bot API that is not there", () => real(`http://127.0.0.1:${closedPort}`), "ECONNREFUSED"],
  ])("%s is told at once, and nothing is left", async (_, start: (url: string) => Program, text) => {
    const telegram = await botApi([123456789]);
    const startedAt = performance.now();
    const program = start(telegram.url);
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain(text);
    expect(program.output()).not.toContain(madeUpAccount.token);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(program.leftovers()).toEqual([]);
  });

  test.each([
    [{ TELEGRAM_BOT_TOKEN: madeUpAccount.token }],
    [{ TELEGRAM_ALLOWED_USERS: "1" }],
    [{ TELEGRAM_BOT_TOKEN: madeUpAccount.token, TELEGRAM_ALLOWED_USERS: "me" }],
  ])("half of what it needs is refused with what is missing: %j", async (env) => {
    const program = startWithoutCluster(env);
    expect(await program.ended).toBe(78);
    expect(program.output()).toContain("TELEGRAM_BOT_TOKEN=123456:ABC… TELEGRAM_ALLOWED_USERS=");
  });
});

test("a machine that cannot have a cluster shows the first result, says what is missing, and goes on", async () => {
  // Without a PATH there is no Go, and without a cache no compiled program.
  const program = startProgram("main.ts", [], { PATH: "/nowhere" });
  const output = await program.shows("runs until Ctrl-C");
  expect(output.indexOf("Telegram received:")).toBeGreaterThan(0);
  expect(output.indexOf("cannot run a local Kubernetes")).toBeGreaterThan(output.indexOf("Telegram received:"));
  expect(output).toContain("Go is missing");
  await send(output, "still there");
  await program.shows("still there");
  program.child.kill("SIGINT");
  expect(await program.ended).toBe(0);
  expect(program.leftovers()).toEqual([]);
});

test.each([
  [["--engine", "lxc"], "choose docker or podman"],
  [["--engine", "docker", "--no-cluster"], "choose one of"],
  [["--tag", "1"], "go with --context"],
])("options that do not go together are refused: %j", async (args, text) => {
  const program = startProgram("main.ts", args);
  expect(await program.ended).toBe(64);
  expect(program.output()).toContain(text);
});

test("an engine that does not answer is told before anything starts", async () => {
  const program = startProgram("main.ts", ["--engine", "docker"], { PATH: "/nowhere" });
  expect(await program.ended).toBe(1);
  expect(program.output()).toContain('docker does not answer ("docker info" fails)');
});

test("what is on its way is delivered before the server ends, and what cannot be is counted", async () => {
  const telegram = await startTelegram();
  onTestFinished(() => telegram.close());
  const ends: (() => Promise<unknown>)[] = [];
  const account = { ...madeUpAccount, apiUrl: telegram.url };
  const start = () => startStandalone({ account, onEnd: (end) => void ends.push(end) });
  onTestFinished(async () => void (await Promise.all(ends.map((end) => end()))));

  const [few, many] = await Promise.all([start(), start()]);
  const sendTo = async ({ url, key }: typeof few, count: number) => {
    const client = await connectClient(`${url}/mcp`, key);
    for (let index = 0; index < count; index += 1) {
      await callTool(client, "send_telegram_message", { message: `number ${index}` });
    }
    await client.close();
  };
  await sendTo(few, 3);
  expect(await few.stop()).toBe(0);
  expect(telegram.delivered()).toHaveLength(3);
  await sendTo(many, 30);
  expect(await many.stop()).toBeGreaterThan(0);
});
