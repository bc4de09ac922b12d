import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startTelegram, type TelegramServer } from "../../telegram/telegram.ts";
import { type Process, startProcess } from "../support/process.ts";
import { startLine } from "../support/stdio.ts";

let directory: string;
let project: string;
let telegram: TelegramServer;
let running: Process | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "roles-"));
  project = join(directory, "work", "app");
  await mkdir(join(project, ".taskmaster", "tasks"), { recursive: true });
  const tasks = [{ id: 1, title: "Paint the shed", status: "pending" }];
  await writeFile(join(project, ".taskmaster", "tasks", "tasks.json"), JSON.stringify(tasks));
  telegram = await startTelegram();
});

afterEach(async () => {
  running?.child.kill("SIGKILL");
  await running?.exited;
  await telegram.close();
  await rm(directory, { recursive: true });
});

const environment = (more: Record<string, string> = {}) => ({
  TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample",
  TELEGRAM_ALLOWED_USERS: "1001",
  TELEGRAM_API_URL: telegram.url,
  CC_TELEGRAM_DATA_DIR: join(directory, "data"),
  MCP_SERVER_PORT: "0",
  METRICS_ENABLED: "false",
  ...more,
});

/** What `todo` shows for the projects, to a client over standard input and output. */
async function shownBy(env: Record<string, string>, ...roots: (string | undefined)[]): Promise<string[]> {
  const line = startLine(environment(env));
  running = line;
  const clientInfo = { name: "test", version: "1" };
  await line.ask("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo });
  line.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  const answers = roots.map((project_root) => line.ask("tools/call", { name: "todo", arguments: { project_root } }));
  const texts = (await Promise.all(answers)).map(({ result }) => JSON.stringify(result));
  line.child.stdin?.end();
  expect(await line.exited).toBe(0);
  return texts;
}

test("stdio reads below its working directory, and nothing else unless it is told to", async () => {
  const [here, elsewhere] = await shownBy({}, undefined, project);
  expect(here).toContain("TaskMaster file not found");
  expect(elsewhere).toContain("not below a folder of CC_TELEGRAM_PROJECT_ROOTS");
  const roots = { CC_TELEGRAM_PROJECT_ROOTS: join(directory, "work") };
  const [named, relative, outside] = await shownBy(roots, project, "app", process.cwd());
  expect(named).toContain("Paint the shed");
  expect(relative).toContain("Paint the shed");
  expect(outside).toContain("not below a folder");
  const [none] = await shownBy({ CC_TELEGRAM_PROJECT_ROOTS: "," }, project);
  expect(none).toContain("this server reads no files");
});

test("standalone reads nothing unless it is told to", async () => {
  const show = async (env: Record<string, string>) => {
    const server = startProcess(["standalone"], environment(env));
    running = server;
    const { http } = await server.logged("ready to work");
    const [key = ""] = Object.keys(JSON.parse(await readFile(join(directory, "data", "api-keys.json"), "utf8")));
    const query = new URLSearchParams({ project_root: project });
    const response = await fetch(`${http}/tools/todo?${query}`, { headers: { "x-api-key": key } });
    const text = await response.text();
    server.child.kill("SIGTERM");
    await server.exited;
    return text;
  };
  expect(await show({})).toContain("this server reads no files");
  expect(await show({ CC_TELEGRAM_PROJECT_ROOTS: directory })).toContain("Paint the shed");
});
