import { describe, expect, test } from "vitest";
import type { TodoSession } from "../../../../contract/todos.ts";
import type { Command, CommandContext } from "../../../../server/bridge/commands/command.ts";
import { commandLine } from "../../../../server/bridge/commands/command-line.ts";
import { Commands, type CommandsOptions } from "../../../../server/bridge/commands/commands.ts";
import { commandTable } from "../../../../server/bridge/commands/table.ts";
import { healthyStatus } from "../../support/fake-bridge.ts";
import { idleContext } from "./idle-context.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const ANNA = { id: 1, is_bot: false, first_name: "Anna" };

const context: CommandContext = { ...idleContext, now: () => NOW };

const commands = (more: Partial<CommandsOptions> = {}) =>
  new Commands({ context, admins: [], people: new Set([1, 2]), recipients: [1], ...more });

function ask(text: string, more: Partial<CommandContext> = {}) {
  const { name = "", args = "" } = commandLine(text) ?? {};
  return commands({ context: { ...context, ...more } }).answer({ from: ANNA, chatId: 1, name, args }, 0);
}

const session = (client: string, todos: TodoSession["todos"], session_id = "default"): TodoSession => {
  return { client, session_id, registered_at: new Date(NOW - 180_000).toISOString(), todos };
};

describe("a text is a command", () => {
  test.each([
    ["/status", { name: "status", args: "" }],
    ["/Status", { name: "status", args: "" }],
    ["/todo  my client ", { name: "todo", args: "my client" }],
    ["/todo\nclient", { name: "todo", args: "client" }],
    ["/status@Team_Bot now", { name: "status", bot: "team_bot", args: "now" }],
    ["/cct:nomad", { name: "cct:nomad", args: "" }],
    ["/CCT:Mute@team_bot 2h", { name: "cct:mute", bot: "team_bot", args: "2h" }],
    ["/status ", { name: "status", args: "" }],
  ])("%j", (text, line) => {
    expect(commandLine(text)).toEqual(line);
  });

  test.each([
    "status",
    " /status",
    "say /status",
    "/",
    "//",
    "/etc/passwd",
    "/status!",
    "/status@",
    "/status@a@b",
    "/cct:",
    "/cct:a:b",
    "/größe",
    `/${"x".repeat(33)}`,
    "/ status",
  ])("%j is none", (text) => {
    expect(commandLine(text)).toBeUndefined();
  });
});

describe("the table of commands", () => {
  test("fits what Telegram lists, names each once, and describes it in a line", () => {
    for (const { name, description } of commandTable) {
      expect(name).toMatch(/^[a-z0-9_]{1,32}$/);
      expect(description.length).toBeGreaterThan(0);
      expect(description.length).toBeLessThanOrEqual(256);
      expect(description).not.toContain("\n");
    }
    const names = commandTable.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(commandLine(`/${name}`)).toEqual({ name, args: "" });
  });

  test.each(commandTable.map(({ name }) => name))("/%s says something that one message holds", (name) => {
    const todos = Array.from({ length: 100 }, (_, n) => ({
      id: `${n}`,
      content: "x".repeat(1_000),
      status: "pending" as const,
    }));
    const { said } = ask(`/${name}`, {
      todos: () => Array.from({ length: 50 }, (_, n) => session(`client ${n}`, todos)),
    });
    expect(said?.text.length).toBeGreaterThan(0);
    expect(said?.text.length).toBeLessThanOrEqual(4_096);
    for (const { offset, length } of said?.entities ?? [])
      expect(offset + length).toBeLessThanOrEqual(said?.text.length ?? 0);
  });
});

describe("who may give which command", () => {
  const done: string[] = [];
  const row: Command = {
    name: "halt",
    aliases: ["cct:halt"],
    description: "Stop everything",
    who: "admins",
    answer: ({ args }) => ({ text: `halted ${args}`, entities: [] }),
    afterwards: ({ args }) => void done.push(args),
  };
  const table = [...commandTable, row];
  const give = (name: string, admins: number[], { chatId = 1, waiting = 0 } = {}) =>
    commands({ table, admins }).answer({ from: ANNA, chatId, name, args: "now" }, waiting);

  test("everybody may give one for administrators where none are named, by each of its names", () => {
    expect(give("halt", [])).toMatchObject({
      said: { text: "halted now" },
      record: { command: "halt", outcome: "answered" },
    });
    expect(give("cct:halt", [])).toMatchObject({ said: { text: "halted now" }, record: { command: "halt" } });
    expect(give("halt", [1])).toMatchObject({ said: { text: "halted now" } });
  });

  test("nobody else may where some are named: the command is neither done nor shown", () => {
    const refused = give("halt", [2]);
    expect(refused.said?.text).toBe("Only administrators of this bot may use that command.");
    expect(refused.record).toEqual({ command: "halt", outcome: "admins_only", userId: 1, chatId: 1 });
    expect(refused).not.toHaveProperty("afterwards");
    expect(give("help", [2]).said?.text).not.toContain("/halt");
    expect(give("help", [1]).said?.text).toContain("/halt – Stop everything (also /cct:halt)");
    expect(give("status", [2]).record.outcome).toBe("answered");
  });

  test("what is to be done afterwards is done by whoever has stored the answer", () => {
    const { afterwards } = give("halt", []);
    expect(done).toEqual([]);
    afterwards?.();
    expect(done).toEqual(["now"]);
  });

  test("who asks too fast is told so once, and what is asked beyond is not done", () => {
    expect(give("halt", [], { waiting: 3 }).record.outcome).toBe("answered");
    const fifth = give("halt", [], { waiting: 4 });
    expect(fifth).toMatchObject({
      said: { text: expect.stringContaining("is not done") },
      record: { outcome: "too_many" },
    });
    expect(fifth).not.toHaveProperty("afterwards");
    expect(give("halt", [], { waiting: 5 })).toEqual({
      record: { command: "halt", outcome: "too_many", userId: 1, chatId: 1 },
    });
  });

  test("in a group that gets no messages only what is public is told", () => {
    expect(give("status", [], { chatId: -7 })).toMatchObject({ record: { outcome: "elsewhere" } });
    expect(give("status", [], { chatId: -7 }).said?.text).toContain("-7");
    expect(give("help", [], { chatId: -7 }).record.outcome).toBe("answered");
  });
});

describe("answers", () => {
  test("/start greets with the id, whatever the person is called", () => {
    const given = { from: { ...ANNA, first_name: "A\u202e\nna" }, chatId: 1, name: "start", args: "" };
    const { said } = commands().answer(given, 0);
    expect(said?.text).toContain("Hello A na\n");
    const code = said?.entities.find(({ type }) => type === "code");
    expect(said?.text.slice(code?.offset, (code?.offset ?? 0) + (code?.length ?? 0))).toBe("1");
  });

  test("/status tells health, Telegram, what waits, and why answers are not heard", () => {
    expect(ask("/status").said?.text).toBe(
      [
        "💚 The bridge is healthy",
        "Telegram: answers",
        "Waiting: 0 messages of at most 10000",
        "Sent since the start: 7",
        "Version 0.1.0, up for 5 s",
      ].join("\n"),
    );
    const telegram = { reachable: false, error: "no route", checked_at: "" };
    const receiving = {
      mode: "Polling",
      receiving: false,
      other_consumer: true,
      error: "somebody else polls",
      hint: "Stop it.",
    } as const;
    const waiting = { reason: "Telegram asked the bot to wait", until: "2026-01-01T12:05:00.000Z" };
    const ill = { ...healthyStatus, health: "degraded", telegram, receiving, waiting } as const;
    const { text = "" } = ask("/status", { status: () => ill }).said ?? {};
    for (const part of [
      "⚠️ The bridge is degraded",
      "not reachable: no route",
      "somebody else polls",
      "Stop it.",
      "Waits: Telegram asked",
    ]) {
      expect(text).toContain(part);
    }
  });

  test("/queue tells how much waits, of whom, for what, and who refuses it", () => {
    const status = () => ({
      ...healthyStatus,
      queue: { ...healthyStatus.queue, pending: 14, oldest_age_seconds: 300, failed: 2 },
      waiting: { reason: "Telegram asked the bot to wait", until: "2026-01-01T12:05:00.000Z" },
      refusals: [{ chat_id: 7, reason: "chat 7 has blocked the bot", hint: "Ask them.", messages: 2, at: "" }],
    });
    const waitingByClient = () => [
      { client: "ci\u202e", messages: 12 },
      { client: "", messages: 2 },
    ];
    expect(ask("/queue", { status, waitingByClient }).said?.text).toBe(
      [
        "14 messages wait, the oldest for 5 min",
        "Telegram asked the bot to wait; next try at 12:05:00 UTC",
        "• ci: 12",
        "",
        "Chats that refuse messages",
        "• 7: chat 7 has blocked the bot (2) Ask them.",
        "",
        "Messages that Telegram refused for good: 2",
      ].join("\n"),
    );
  });

  const todos = [
    { id: "1", content: "done", status: "completed" },
    { id: "2", content: "line\nbreak", status: "pending" },
    { id: "3", content: "now", status: "in_progress" },
    { id: "4", content: "stuck", status: "blocked" },
  ] as const;
  const registered = [session("claude", todos), session("ci", [todos[0]], "s-2")];
  const sessions = (name?: string) => registered.filter(({ client }) => client === (name?.toLowerCase() ?? client));

  test("/tasks tells how far each session is, or those of one client", () => {
    expect(ask("/tasks", { todos: sessions }).said?.text).toBe(
      [
        "claude, 3 min ago",
        "▓▓░░░░░░░░ 1 of 4",
        "✅ 1 🔄 1 📋 1 🚧 1",
        "",
        "ci / s-2, 3 min ago",
        "▓▓▓▓▓▓▓▓▓▓ 1 of 1",
        "✅ 1",
      ].join("\n"),
    );
    expect(ask("/tasks CI", { todos: sessions }).said?.text).not.toContain("claude");
  });

  test("/todo tells what is worked on first, and the last of what is done", () => {
    expect(ask("/todo claude", { todos: sessions }).said?.text).toBe(
      ["claude, 3 min ago", "🔄 now", "🚧 stuck", "📋 line break", "✅ done"].join("\n"),
    );
    const many = Array.from({ length: 8 }, (_, n) => ({ ...todos[0], content: `done ${n}` }));
    const { text = "" } = ask("/todo", { todos: () => [session("claude", many)] }).said ?? {};
    expect(text).toContain("✅ done 7\n✅ 3 more");
    expect(text).not.toContain("done 2");
    expect(ask("/todo nobody", { todos: sessions }).said?.text).toContain(
      "No client called nobody has registered todos",
    );
  });

  test("an unknown command says where the known ones are", () => {
    expect(ask("/reboot")).toMatchObject({
      said: {
        text: "There is no command /reboot. /help lists those that there are. To answer a program, write without a slash.",
      },
      record: { command: undefined, outcome: "unknown" },
    });
    expect(ask("/toString").record.outcome).toBe("unknown");
  });
});
