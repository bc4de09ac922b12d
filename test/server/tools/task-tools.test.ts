import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TodoSession } from "../../../contract/todos.ts";
import { localBridgeClient } from "../../../server/bridge-client/local-bridge-client.ts";
import { noInteraction } from "../../../server/features/interaction.ts";
import { ProjectFiles } from "../../../server/projects/project-files.ts";
import { tools } from "../../../server/tools/registry.ts";
import type { ToolContext } from "../../../server/tools/tool.ts";
import { startTelegram, type TelegramServer } from "../../telegram/telegram.ts";
import { bridgeFor, configFor, type Scratch, SECRET, scratch, type TestBridge, TOKEN } from "../bridge/support.ts";
import { idleBridge } from "../support/fake-bridge.ts";
import { startServer, type TestServer } from "../support/server.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const HOUR = 3_600_000;

let directory: Scratch;
let sessions: TodoSession[];

beforeEach(async () => {
  directory = await scratch();
  sessions = [];
});

afterEach(() => directory[Symbol.asyncDispose]());

function contextWith(roots: readonly string[] = [directory.path]): ToolContext {
  const todos = { register: async () => 0, sessionsOf: () => sessions };
  return {
    bridge: localBridgeClient({ ...idleBridge, todos }),
    client: { name: "claude", permissions: new Set() },
    interaction: noInteraction,
    projects: new ProjectFiles({ roots, home: undefined }),
    clock: () => NOW,
    newId: () => "id",
  };
}

// biome-ignore lint/suspicious/noExplicitAny: it is looked into by name.
type Told = Record<string, any>;

async function status(args: object = {}, context = contextWith()): Promise<Told> {
  const tool = tools.get("get_task_status")!;
  const result = await tool.call(args, context);
  if (!("structured" in result)) throw new Error("no structure");
  expect(tool.output?.parse(result.structured)).toEqual(result.structured);
  return result.structured;
}

async function todo(args: object = {}, context = contextWith()): Promise<string> {
  const result = await tools.get("todo")!.call(args, context);
  const [content] = "content" in result ? result.content : [];
  return content?.type === "text" ? content.text : "";
}

async function put(path: string, content: unknown): Promise<void> {
  const full = join(directory.path, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, typeof content === "string" ? content : JSON.stringify(content));
}

const registered = (session_id: string, ageMs: number, ...statuses: TodoSession["todos"][number]["status"][]) => ({
  client: "claude",
  session_id,
  registered_at: new Date(NOW - ageMs).toISOString(),
  todos: statuses.map((each, n) => ({ id: `${n}`, content: `${session_id} ${n}`, status: each })),
});

const TASKMASTER = ".taskmaster/tasks/tasks.json";
const task = (id: number | string, state: string, more: object = {}) => ({
  id,
  title: `Task ${id}`,
  status: state,
  ...more,
});
const mixed = [
  task(1, "done", { subtasks: [task(1, "done"), task(2, "cancelled")] }),
  task(2, "in-progress", { priority: "high", dependencies: [1], estimatedHours: 3, description: "hard" }),
  task(3, "pending", { subtasks: [task(1, "blocked")] }),
];
const counted = { pending: 1, in_progress: 1, completed: 2, blocked: 1, other: 1 };

describe("get_task_status", () => {
  test.each([
    ["data", { data: { tasks: mixed, stats: { total: 99, completed: 99 } } }],
    ["tags", { tags: { master: { tasks: mixed } } }],
    ["a bare list", mixed],
    ["tasks", { tasks: mixed }],
    ["one key for each tag", { master: { tasks: mixed, metadata: {} }, feature: { tasks: [] } }],
  ])("counts every task and subtask of TaskMaster's file once, in the shape with %s", async (_shape, file) => {
    await put(TASKMASTER, file);
    const { taskmaster_tasks, combined_summary, claude_code_tasks } = await status();
    expect(claude_code_tasks).toMatchObject({ available: false, session_active: false, message: expect.any(String) });
    expect(taskmaster_tasks).toMatchObject({
      available: true,
      source: join(directory.path, TASKMASTER),
      current_tag: "master",
      total_count: 6,
      filtered_count: 6,
      main_tasks_count: 3,
      subtasks_count: 3,
      summary: counted,
    });
    expect(taskmaster_tasks.tasks[3]).toEqual({
      id: "2",
      title: "Task 2",
      status: "in_progress",
      description: "hard",
      priority: "high",
      estimated_hours: 3,
      dependencies: ["1"],
      parent_id: null,
      is_subtask: false,
    });
    expect(taskmaster_tasks.tasks[1]).toMatchObject({ id: "1", parent_id: "1", is_subtask: true });
    expect(combined_summary).toMatchObject({ grand_total: 6, total_completed: 2, total_other: 1 });
  });

  test("adds up both systems", async () => {
    await put(TASKMASTER, mixed);
    sessions = [registered("a", 0, "pending", "completed"), registered("b", 1, "in_progress")];
    expect(await status()).toEqual({
      timestamp: new Date(NOW).toISOString(),
      task_system: "both",
      status_filter: "all",
      summary_only: false,
      claude_code_tasks: {
        available: true,
        source: "registered: a, b",
        session_active: true,
        last_updated: new Date(NOW).toISOString(),
        total_count: 3,
        filtered_count: 3,
        summary: { pending: 1, in_progress: 1, completed: 1, blocked: 0, other: 0 },
        tasks: [
          { id: "0", content: "a 0", status: "pending", session_id: "a" },
          { id: "1", content: "a 1", status: "completed", session_id: "a" },
          { id: "0", content: "b 0", status: "in_progress", session_id: "b" },
        ],
      },
      taskmaster_tasks: expect.objectContaining({ total_count: 6 }),
      combined_summary: {
        total_pending: 2,
        total_in_progress: 2,
        total_completed: 3,
        total_blocked: 1,
        total_other: 1,
        grand_total: 9,
        breakdown: {
          claude_code: { pending: 1, in_progress: 1, completed: 1, blocked: 0, other: 0, total: 3 },
          taskmaster: { ...counted, total: 6 },
        },
      },
    });
  });

  test("filters the tasks and not the summary, and leaves the tasks out where only that is asked for", async () => {
    await put(TASKMASTER, mixed);
    const { taskmaster_tasks: some } = await status({ status_filter: "completed", task_system: "taskmaster" });
    expect(some).toMatchObject({ total_count: 6, filtered_count: 2, summary: counted });
    expect(some.tasks.map(({ status }: { status: string }) => status)).toEqual(["completed", "completed"]);
    const short = await status({ summary_only: true, task_system: "taskmaster" });
    expect(short).not.toHaveProperty("claude_code_tasks");
    expect(short).not.toHaveProperty("combined_summary");
    expect(short.taskmaster_tasks).not.toHaveProperty("tasks");
  });

  test("prefers what was registered in the last hour, then the file that changed last, then older sessions", async () => {
    const source = async () => (await status({ task_system: "claude-code" })).claude_code_tasks;
    expect(await source()).toMatchObject({
      available: false,
      attempted_sources: [
        ".claude/session/todos.json",
        ".claude/todos.json",
        ".cc_todos.json",
        ".claude_session.json",
        "~/.claude/session/current_todos.json",
        "~/.claude/todos.json",
        "~/.cc_telegram/session_todos.json",
      ],
    });
    sessions = [registered("old", 2 * HOUR, "pending")];
    expect(await source()).toMatchObject({ source: "registered: old", session_active: false });
    await put(".claude/todos.json", { tasks: [{ id: 1, content: "from the file", status: "in_progress" }] });
    await put(".cc_todos.json", "not JSON");
    expect(await source()).toMatchObject({ source: join(directory.path, ".claude/todos.json"), total_count: 1 });
    sessions = [registered("new", HOUR - 1, "pending"), ...sessions];
    expect(await source()).toMatchObject({ source: "registered: new", session_active: true, total_count: 1 });
  });

  test.each([
    ["is not JSON", "{", "it is not JSON"],
    ["holds no tasks", { master: {} }, "it holds no list of tasks"],
    ["holds too many", Array.from({ length: 2_001 }, (_, n) => task(n, "pending")), "it holds more than 2000 tasks"],
    [
      "holds too many subtasks",
      [task(1, "x", { subtasks: Array.from({ length: 2_000 }, (_, n) => n) })],
      "more than 2000",
    ],
    ["is nested without end", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, undefined],
  ])("says what is wrong with a file that %s", async (_name, content, problem) => {
    await put(TASKMASTER, content);
    const { taskmaster_tasks } = await status({ task_system: "taskmaster" });
    if (problem === undefined) return expect(taskmaster_tasks).toMatchObject({ available: true, total_count: 0 });
    expect(taskmaster_tasks).toEqual({ available: false, error: expect.stringContaining(problem) });
  });

  test("takes tasks to the fourth level, and of strange values what is usable", async () => {
    const deep = (level: number): object =>
      task(level, "pending", { subtasks: level < 9 ? [deep(level + 1)] : "none" });
    const strange = {
      id: { a: 1 },
      title: 7,
      status: ["x"],
      priority: null,
      tags: [1, {}, "a"],
      subtasks: {},
      estimatedHours: "3",
    };
    await put(TASKMASTER, [deep(1), strange, null, "text", { id: 1, status: "__proto__" }]);
    const { taskmaster_tasks } = await status({ task_system: "taskmaster" });
    expect(taskmaster_tasks).toMatchObject({ total_count: 6, main_tasks_count: 3 });
    expect(taskmaster_tasks.tasks[4]).toEqual({
      id: "",
      title: "7",
      status: "pending",
      tags: ["1", "a"],
      parent_id: null,
      is_subtask: false,
    });
    expect(taskmaster_tasks.tasks[5]).toMatchObject({ status: "__proto__", title: "Untitled Task" });
  });

  test("tells that nothing is read where there are no roots, or outside of them", async () => {
    const none = await status({}, contextWith([]));
    expect(none.taskmaster_tasks).toEqual({
      available: false,
      error: expect.stringContaining("this server reads no files"),
    });
    expect(none.claude_code_tasks.attempted_sources).toEqual([]);
    const outside = await status({ project_root: "/etc" });
    expect(outside.taskmaster_tasks.error).toContain("not below a folder of CC_TELEGRAM_PROJECT_ROOTS");
  });
});

describe("todo", () => {
  test("shows sections, subtasks, priorities and true totals as Markdown", async () => {
    await put(TASKMASTER, mixed);
    sessions = [registered("a", 0, "pending", "in_progress")];
    expect(
      await todo({ task_system: "both", sections: ["completed", "current", "upcoming", "blocked", "current"] }),
    ).toBe(
      `# 📋 Live Todo Dashboard
*Last updated: 12:00:00 UTC*
*🟢 LIVE Claude Code Session (12:00:00 UTC)*

## ✅ Completed Tasks (1)

✅ **Task 1** \`TaskMaster\`
  → ✅ **Task 1** \`TaskMaster\`
  → ❓ **Task 2** \`TaskMaster\`

## 🔄 Current Work (2)

🔄 **Task 2** \`TaskMaster\` [HIGH]

🔄 **a 1** \`Claude\`

## 📋 Upcoming Tasks (2)

📋 **a 0** \`Claude\`

📋 **Task 3** \`TaskMaster\`
  → 🚧 **Task 1** \`TaskMaster\`

---
## 📊 Live Summary
### 🎯 Claude Code Session
• **Active:** 1 | **Pending:** 1 | **Done:** 0
### 📋 TaskMaster Project
• **Active:** 1 | **Pending:** 1 | **Done:** 2
• **Blocked:** 1
• **Other:** 1
### 🔄 Combined Total
• **All Active:** 2 | **All Pending:** 2 | **All Done:** 2

---
**Quick Commands:** \`/tasks\` • \`/status\` • \`/todo\``,
    );
  });

  test("shows TaskMaster by default, the last completed ones, without subtasks where they are not wanted", async () => {
    await put(
      TASKMASTER,
      Array.from({ length: 8 }, (_, n) => task(n, "done", { subtasks: [task("s", "done")] })),
    );
    sessions = [registered("a", 0, "pending")];
    const shown = await todo({ limit_completed: 2, show_subtasks: false });
    expect(shown).toContain("## ✅ Completed Tasks (2 of 8)");
    expect(shown.match(/\*\*Task \w\*\*/g)).toEqual(["**Task 6**", "**Task 7**"]);
    expect(shown).not.toContain("Claude");
  });

  test("stays on one line with a task of several", async () => {
    sessions = [
      { ...registered("a", 0, "in_progress"), todos: [{ id: "1", content: "a\n\n# b\n---", status: "in_progress" }] },
    ];
    expect(await todo({ task_system: "claude-code" })).toContain("🔄 **a # b ---** `Claude`");
  });

  test("says why there is nothing", async () => {
    expect(await todo()).toContain("• TaskMaster file not found. Run task-master init to set up TaskMaster.");
    await expect(todo({ limit_completed: 51 })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    await expect(todo({ sections: ["later"] })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  });
});

describe("register_claude_todos on several servers with one bridge", () => {
  let telegram: TelegramServer;
  let bridge: TestBridge;
  const servers: TestServer[] = [];
  const key = {
    claude: "key-of-claude-that-may-do-everything!",
    other: "key-of-another-client-with-all-tools",
    reader: "key-of-a-reader-without-this-permission",
  };

  beforeEach(async () => {
    telegram = await startTelegram({ tokens: [TOKEN] });
    bridge = await bridgeFor(configFor(directory.path, telegram.url));
    const keys = {
      [key.claude]: { name: "claude", permissions: ["*"], enabled: true },
      [key.other]: { name: "other", permissions: ["*"], enabled: true },
      [key.reader]: { name: "reader", permissions: ["todo"], enabled: true },
    };
    const env = { HMAC_SECRET: SECRET, MCP_API_KEYS: JSON.stringify(keys) };
    servers.push(await startServer(bridge.url, env), await startServer(bridge.url, env));
  });

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await bridge.close();
    await telegram.close();
  });

  const todos = [{ id: "1", content: "the secret plan", status: "pending", activeForm: "planning" }];
  const call = async (server: number, who: string, name: string, json: object) => {
    const response = await servers[server]!.fetch(`/tools/${name}`, { key: who, json });
    return { status: response.status, body: (await response.json()) as Told };
  };

  test("every server tells the client that registered them, and no other one", async () => {
    const answer = await call(0, key.claude, "register_claude_todos", { todos, session_id: "s-1" });
    expect(answer.body).toEqual({
      success: true,
      message: "Successfully registered 1 todos for session s-1",
      registered_count: 1,
      session_id: "s-1",
    });
    const own = await call(1, key.claude, "get_task_status", {});
    expect(own.body.claude_code_tasks.tasks).toEqual([
      { id: "1", content: "the secret plan", status: "pending", session_id: "s-1" },
    ]);
    const foreign = await call(1, key.other, "get_task_status", {});
    expect(foreign.body.claude_code_tasks.available).toBe(false);
    const dashboard = await call(0, key.other, "todo", { task_system: "both" });
    expect(JSON.stringify([foreign.body, dashboard.body])).not.toContain("secret plan");
    await call(1, key.other, "register_claude_todos", { todos: [], session_id: "s-1" });
    expect((await call(0, key.claude, "todo", { task_system: "both" })).body.content[0].text).toContain(
      "the secret plan",
    );
  });

  test("a key needs the permission of each tool, and a stranger gets nothing", async () => {
    expect((await call(0, key.reader, "register_claude_todos", { todos })).status).toBe(403);
    expect((await call(0, key.reader, "get_task_status", {})).status).toBe(403);
    expect((await call(0, key.reader, "todo", {})).status).toBe(200);
    expect((await call(0, "", "register_claude_todos", { todos })).status).toBe(401);
    expect(bridge.todos.newest(10)).toEqual([]);
  });

  test("a server on the network reads no files, whatever the caller names", async () => {
    await put(TASKMASTER, mixed);
    for (const project_root of [directory.path, ".", "/proc/self", "../..", "/"]) {
      const { body } = await call(0, key.claude, "get_task_status", { project_root });
      expect(body.taskmaster_tasks).toMatchObject({
        available: false,
        error: expect.stringContaining("reads no files"),
      });
    }
  });

  test("a query of a URL has the same arguments", async () => {
    await call(0, key.claude, "register_claude_todos", { todos });
    const url = "/tools/get_task_status?task_system=claude-code&summary_only=true&status_filter=pending";
    const response = await servers[1]!.fetch(url, { key: key.claude });
    expect(await response.json()).toMatchObject({
      claude_code_tasks: { filtered_count: 1, source: "registered: default" },
    });
  });
});
