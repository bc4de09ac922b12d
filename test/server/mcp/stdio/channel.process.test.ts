import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { programOf } from "../../../support/programs.ts";
import { startTelegram } from "../../../telegram/telegram.ts";
import { startFront } from "../../support/front.ts";
import { keys } from "../../support/server.ts";
import { handshake, type Line, startLine } from "../../support/stdio.ts";
import { stateless } from "../../support/web-socket.ts";
import { Stage } from "../channel/stage.ts";

const main = programOf("server");

const stage = new Stage();
let line: Line | undefined;

afterEach(async () => {
  line?.child.kill("SIGKILL");
  await line?.exited;
});

const environment = (session: string) => ({
  CCTELEGRAM_URL: stage.at(0).url,
  CCTELEGRAM_API_KEY: keys.all as string,
  CCTELEGRAM_SESSION: session,
  LOG_LEVEL: "debug",
});

const sends = (to: Line, path: string) =>
  to.ask("tools/call", { name: "reply", arguments: { chat_id: "1", text: "see this", files: [path] } });

describe("a channel by stdio, of a server elsewhere", () => {
  test("the SDK's client hears what people say, and its name is free when it is gone", async () => {
    const heard: string[] = [];
    const client = new Client({ name: "claude-code", version: "2.1.81" });
    const notification = z.object({
      method: z.literal("notifications/claude/channel"),
      params: z.object({ content: z.string() }),
    });
    client.setNotificationHandler(notification, ({ params }) => void heard.push(params.content));
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [main, "stdio"],
      env: environment("api"),
      stderr: "ignore",
    });
    await client.connect(transport);
    expect(client.getServerCapabilities()?.experimental).toMatchObject({ "claude/channel": {} });
    await stage.bound("api");
    for (const text of ["one", "two"]) stage.talk.says(text);
    await vi.waitFor(() => expect(heard).toEqual(["one", "two"]));
    await stage.waits(0, "api");
    await client.close();
    await stage.is("away", "api");
  });

  test("finds no server/discover, and is told what was said while its process was dead", async () => {
    line = startLine(environment("api"));
    expect((await line.ask("server/discover", stateless())).error).toMatchObject({ code: -32601 });
    await handshake(line);
    await stage.bound("api");
    line.child.kill("SIGKILL");
    await line.exited;
    await stage.vanished("api");
    stage.talk.says("are you there?");
    await stage.waits(1, "api");
    line = startLine(environment("api"));
    await handshake(line);
    await line.until(({ method }) => method === "notifications/claude/channel");
    const { id } = await line.until(({ method }) => method === "ping");
    line.send({ jsonrpc: "2.0", id, result: {} });
    await stage.waits(0, "api");
  });

  test("sends files of its own machine by their paths, and no key with them", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sent-"));
    await writeFile(join(folder, "report.txt"), "all is well");
    await writeFile(join(folder, ".mcp.json"), `{"X-API-Key": "${keys.all}"}`);
    line = startLine({ ...environment("api"), CC_TELEGRAM_PROJECT_ROOTS: folder });
    await handshake(line);
    await stage.bound("api");
    const answer = await sends(line, join(folder, "report.txt"));
    expect(answer.result).not.toHaveProperty("isError");
    const document = { method: "sendDocument", file: { name: "report.txt", media_type: "text/plain", bytes: 11 } };
    await vi.waitFor(() => expect(stage.talk.told(1).at(-1)).toMatchObject(document));
    expect(stage.talk.told(1).at(-2)).toMatchObject({ text: "see this" });
    const sent = stage.talk.told(1).length;
    for (const [path, problem] of [
      [join(folder, ".mcp.json"), "a key of this program is in it"],
      [join(folder, "..", "report.txt"), "not below a folder of CC_TELEGRAM_PROJECT_ROOTS"],
      [main, "not below a folder of CC_TELEGRAM_PROJECT_ROOTS"],
    ] as const) {
      const { result } = await sends(line, path);
      expect(result).toMatchObject({ isError: true });
      expect(JSON.stringify(result)).toContain(`files[0]: `);
      expect(JSON.stringify(result)).toContain(problem);
      expect(JSON.stringify(result)).not.toContain(keys.all);
    }
    expect(stage.talk.told(1)).toHaveLength(sent);
    await rm(folder, { recursive: true });
  });

  test("a session that the server has forgotten begins anew under the name that it had registered", async () => {
    const front = await startFront(() => stage.at(0).url);
    line = startLine({ ...environment("api"), CCTELEGRAM_URL: front.url });
    await handshake(line);
    await stage.is("here", "api");
    await line.ask("tools/call", { name: "register_session", arguments: { name: "web" } });
    await stage.bound("web");
    const headers = { "mcp-session-id": front.sessions[0] ?? "" };
    expect((await stage.at(0).fetch("/mcp", { method: "DELETE", key: keys.all, headers })).status).toBe(204);
    await stage.is("away", "web");
    await line.ask("tools/list");
    await stage.is("here", "web");
    stage.talk.says("hello");
    const told = await line.until(({ method }) => method === "notifications/claude/channel");
    expect(told.params).toMatchObject({ content: "hello" });
    front.close();
  });
});

describe("a channel by stdio, alone with its bridge", () => {
  test("hears what people say, answers them, and leaves when its client is gone", async () => {
    const folder = await mkdtemp(join(tmpdir(), "stdio-"));
    const telegram = await startTelegram({ limits: false });
    const says = (text: string) => telegram.control({ says: [{ from: { id: 1001, first_name: "Ada" }, text }] });
    const tells = (part: string) =>
      vi.waitFor(() =>
        expect(telegram.received().map(({ text }) => text)).toContainEqual(expect.stringContaining(part)),
      );
    const alone = {
      TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample",
      TELEGRAM_ALLOWED_USERS: "1001",
      TELEGRAM_API_URL: telegram.url,
      TELEGRAM_UPDATES: "Polling",
      CC_TELEGRAM_DATA_DIR: folder,
      CCTELEGRAM_SESSION: "api",
    };
    line = startLine(alone);
    await handshake(line);
    await vi.waitFor(async () => {
      const { result } = (await line?.ask("resources/read", { uri: "cctelegram://sessions" })) ?? {};
      expect(JSON.stringify(result)).toContain("here");
    });
    says("/bind api");
    await tells("api hears what is said here");
    says("hello");
    const { params } = await line.until(({ method }) => method === "notifications/claude/channel");
    const { meta } = params as { meta: { chat_id: string } };
    expect(params).toMatchObject({ content: "hello", meta: { user_id: "1001" } });
    const { id } = await line.until(({ method }) => method === "ping");
    line.send({ jsonrpc: "2.0", id, result: {} });
    await line.ask("tools/call", { name: "reply", arguments: { chat_id: meta.chat_id, text: "hello yourself" } });
    await tells("hello yourself");
    const state = await line.ask("tools/call", {
      name: "reply",
      arguments: { chat_id: meta.chat_id, text: "see this", files: [join(folder, "queue.sqlite")] },
    });
    expect(JSON.stringify(state.result)).toContain("it is a file of this program itself");
    line.child.stdin?.end();
    expect(await line.exited).toBe(0);
    line = startLine(alone);
    await handshake(line);
    says("are you back?");
    const back = await line.until(({ params }) => params?.content === "are you back?");
    expect(back.params).not.toHaveProperty("meta.again");
    line.child.kill("SIGKILL");
    await line.exited;
    await telegram.close();
    await rm(folder, { recursive: true });
  });
});
