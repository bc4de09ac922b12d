import { describe, expect, test } from "vitest";
import { resources } from "../../../server/resources/registry.ts";
import { tools } from "../../../server/tools/registry.ts";
import { usualLimit } from "../../../server/tools/tool.ts";
import { listingOf } from "../../../server/tools/tool-listing.ts";

/** The tools of co8/cctelegram 1.9.0 with their arguments (mcp-server/src/index.ts). */
const upstreamTools: Readonly<Record<string, readonly string[]>> = {
  send_telegram_event: ["type", "title", "description", "task_id", "source", "data"],
  send_telegram_message: ["message", "source"],
  send_task_completion: ["task_id", "title", "results", "files_affected", "duration_ms"],
  send_performance_alert: ["title", "current_value", "threshold", "severity"],
  send_approval_request: ["title", "description", "options"],
  get_telegram_responses: ["limit"],
  get_bridge_status: [],
  list_event_types: ["category"],
  clear_old_responses: ["older_than_hours"],
  process_pending_responses: ["since_minutes"],
  start_bridge: [],
  stop_bridge: [],
  restart_bridge: [],
  ensure_bridge_running: [],
  check_bridge_process: [],
  get_task_status: ["project_root", "task_system", "status_filter", "summary_only"],
  register_claude_todos: ["todos", "session_id"],
  todo: ["project_root", "task_system", "sections", "limit_completed", "show_subtasks"],
  switch_to_nomad_mode: [],
  switch_to_local_mode: [],
  switch_to_mute_mode: [],
};

/** Arguments at the limits that co8/cctelegram has, and beyond where it is narrower than its own documents. */
const accepted: readonly (readonly [string, object])[] = [
  ["send_telegram_event", { type: "build_failed", title: "Größe: 5/6 'x' & 🚀", description: "d".repeat(2_000) }],
  ["send_telegram_event", { type: "code_review", title: "t", description: "d", task_id: "build-001", source: "ci_1" }],
  ["send_telegram_message", { message: "m".repeat(4_096) }],
  [
    "send_task_completion",
    { task_id: "not-a-uuid", title: "t".repeat(200), results: "r".repeat(5_000), duration_ms: 86_400_000 },
  ],
  ["send_task_completion", { task_id: "1", title: "t", files_affected: Array(50).fill("f".repeat(500)) }],
  ["send_performance_alert", { title: "t", current_value: 1.5, threshold: -1, severity: "critical" }],
  ["send_approval_request", { title: "t", description: "d".repeat(2_000), options: ["a".repeat(100), "b"] }],
  ["send_approval_request", { title: "t", description: "d", options: Array.from({ length: 10 }, (_, i) => `${i}`) }],
  ["get_telegram_responses", { limit: 100 }],
  ["list_event_types", { category: "task" }],
  ["clear_old_responses", { older_than_hours: 8_760 }],
  ["process_pending_responses", { since_minutes: 1_440 }],
  ["get_task_status", { task_system: "both", status_filter: "blocked", summary_only: true }],
  [
    "register_claude_todos",
    {
      session_id: "s".repeat(100),
      todos: Array(100).fill({ id: "i".repeat(100), content: "c".repeat(1_000), status: "pending" }),
    },
  ],
  ["todo", { sections: ["completed", "blocked"], limit_completed: 50, show_subtasks: false }],
];

/** Calls in a minute that its documents of the HTTP API allow, and 50 of every other tool. */
const documentedLimits: Readonly<Record<string, number>> = {
  get_bridge_status: 120,
  check_bridge_process: 120,
  get_telegram_responses: 100,
  send_approval_request: 30,
  process_pending_responses: 60,
  clear_old_responses: 20,
  start_bridge: 10,
  stop_bridge: 10,
  restart_bridge: 5,
};

describe("what co8/cctelegram has", () => {
  test("the limits of its tools", () => {
    for (const name of Object.keys(upstreamTools)) {
      expect(tools.get(name)?.limit ?? usualLimit, name).toBe(documentedLimits[name] ?? 50);
    }
  });

  test("all 21 tools, with the names of their arguments", () => {
    expect(Object.keys(upstreamTools)).toHaveLength(21);
    for (const [name, names] of Object.entries(upstreamTools)) {
      const tool = tools.get(name);
      expect(tool, name).toBeDefined();
      const { properties = {} } = tool ? (listingOf(tool).inputSchema as { properties?: object }) : {};
      expect(Object.keys(properties), name).toEqual(expect.arrayContaining([...names]));
    }
  });

  test("all four resources, by their URIs", () => {
    const uris = ["event-types", "bridge-status", "responses", "event-templates"].map((name) => `cctelegram://${name}`);
    expect(resources.map(({ uri }) => uri)).toEqual(expect.arrayContaining(uris));
  });

  test.each(accepted)("%s takes what it takes there: %j", (name, args) => {
    expect(tools.get(name)?.input.safeParse(args).error).toBeUndefined();
  });

  test("tools whose arguments may all be left out there may be called without any here", () => {
    const optional = Object.keys(upstreamTools).filter((name) => !/^(send|register)_/.test(name));
    for (const name of optional) expect(tools.get(name)?.input.safeParse({}).error, name).toBeUndefined();
  });
});
