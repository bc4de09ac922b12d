import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type EventField, eventTypes, everyField } from "../../../../contract/event-types.ts";
import { format as formatted, type Letter } from "../../../../server/bridge/formatting/formatter.ts";
import type { MessageStyle } from "../../../../server/bridge/formatting/style.ts";
import { eventOf } from "../support.ts";

const format = (event: ReturnType<typeof eventOf>, style: MessageStyle = "concise"): Letter =>
  formatted(event, { style, timeZone: "Europe/Berlin" });

/** `data` that says something of every field. */
const full = {
  results: "All went well",
  approval_prompt: "Shall it?",
  metadata: { current: 3, total: 4 },
  current_value: 93.5,
  threshold: 80,
  status: "completed",
  severity: "low",
  error_message: "It broke",
  error_code: "E42",
  test_count: 14,
  tests_passed: 12,
  tests_failed: 2,
  coverage_percentage: 81.26,
  duration_ms: 65_400,
  files_affected: ["src/a.ts", "src/b.ts"],
  files_changed: ["src/b.ts", "src/c.ts", "src/d.ts"],
  file_path: "src/main.ts",
  line_number: 12,
  directory: "src",
  module_name: "server",
  class_name: "Queue",
  function_name: "add",
  language: "TypeScript",
  code_snippet: "const a = 1;",
  stack_trace: "Error\n  at main",
  exit_code: 1,
  command: "npm",
  arguments: ["run", "test"],
  build_target: "production",
  branch_name: "main",
  commit_hash: "0123456789abcdef0123456789abcdef01234567",
  commit_message: "Mend it\n\nAt last",
  author: "Ada",
  service_name: "billing",
  endpoint: "/v1/bills",
  response_code: 503,
  request_id: "r-1",
  cpu_usage_percent: 97.04,
  memory_usage_mb: 512,
  disk_usage_mb: 2048,
  network_bytes: 99,
  user_id: "7",
  tags: ["nightly", "ci"],
  url: "https://ci.example/1",
};

const words: Readonly<Record<EventField, string>> = {
  results: "All went well",
  prompt: "Shall it?",
  progress: "3/4 (75%)",
  value: "Value: 93.5",
  threshold: "Threshold: 80",
  status: "Status: completed",
  severity: "Severity: low",
  error: "Error: It broke (E42)",
  tests: "Tests: 14 run, 12 passed, 2 failed",
  coverage: "Coverage: 81.3%",
  duration: "Duration: 1 min 5 s",
  files: "Files (4):",
  file: "File: src/main.ts:12",
  directory: "Directory: src",
  code: "In: server.Queue.add",
  language: "Language: TypeScript",
  snippet: "const a = 1;",
  place: "At: src/main.ts:12",
  stack: "Error\n  at main",
  exit: "Exit code: 1",
  command: "Command: npm run test",
  target: "Target: production",
  branch: "Branch: main",
  commit: "Commit: 0123456789ab Mend it",
  author: "Author: Ada",
  service: "Service: billing",
  endpoint: "Endpoint: /v1/bills",
  answer: "Answer: 503",
  request: "Request: r-1",
  cpu: "CPU: 97%",
  memory: "Memory: 512 MB",
  disk: "Disk: 2048 MB",
  network: "Network: 99 bytes",
  user: "User: 7",
  tags: "Tags: nightly, ci",
  url: "Link: https://ci.example/1",
};

describe("each type", () => {
  const told = (body: string) => Object.entries(words).flatMap(([field, text]) => (body.includes(text) ? [field] : []));
  const set = (fields: readonly string[]) => new Set(fields);

  test.each(eventTypes)("$type: tells what matters of it, and in detail what else there is", (row) => {
    const { type, concise, detailed, emoji } = row;
    const event = eventOf("a", { type, data: full });
    const short = format(event);
    expect(set(told(short.body))).toEqual(set(concise));
    expect(short.body).not.toContain("⏰");
    const long = format(event, "detailed");
    expect(set(told(long.body))).toEqual(set([...concise, ...detailed]));
    expect(long.title).toBe(short.title);
    expect(long.title.startsWith(`${emoji} `)).toBe(true);
  });

  test("that nobody knows tells its description, and in detail everything", () => {
    const event = eventOf("a", { type: "deployment_started", data: full });
    expect(told(format(event).body)).toEqual([]);
    expect(set(told(format(event, "detailed").body))).toEqual(set(everyField));
  });

  test("members of another kind than expected are not told, whatever they are", () => {
    const names = Object.keys(full);
    const data = fc.record(Object.fromEntries(names.map((name) => [name, fc.jsonValue({ maxDepth: 2 })])), {
      requiredKeys: [],
    });
    fc.assert(
      fc.property(data, fc.constantFrom(...eventTypes), fc.constantFrom("concise", "detailed"), (data, row, style) => {
        const { body } = format(eventOf("a", { type: row.type, data: data as Record<string, unknown> }), style);
        expect(body).not.toMatch(/undefined|NaN|\[object|null/);
      }),
    );
  });
});

describe("styles", () => {
  test("concise names three files and how many more there are; detailed names them on lines", () => {
    const files_affected = Array.from({ length: 40 }, (_, index) => `src/${index}.ts`);
    const event = eventOf("a", { type: "task_completion", data: { files_affected, files_count: 1_000 } });
    expect(format(event).body).toMatch(/\n\nFiles \(1000\): src\/0\.ts, src\/1\.ts, src\/2\.ts, … and 997 more$/);
    expect(format(event, "detailed").body).toMatch(/Files \(1000\):\n- src\/0\.ts\n.*- src\/29\.ts\n… and 970 more$/s);
  });

  test("detailed tells when it happened, by the clock of the zone", () => {
    const event = eventOf("a", { timestamp: "2026-07-02T22:30:00.000Z" });
    expect(format(event, "detailed").body).toMatch(/^⏰ 3 Jul 2026, 00:30 Europe\/Berlin\n\n/);
  });
});

describe("formatter", () => {
  test("a performance alert says value, threshold and severity", () => {
    const data = { current_value: 93.5, threshold: 80, severity: "high" };
    const letter = format(eventOf("a", { type: "performance_alert", title: "CPU", description: "Too hot", data }));
    expect(letter).toEqual({
      title: "⚡ CPU",
      body: "Too hot\n\nValue: 93.5\nThreshold: 80\nSeverity: high",
      sender: "tester",
    });
  });

  test("the emoji of a task completion follows its status", () => {
    const emoji = (status: string) =>
      format(eventOf("a", { type: "task_completion", data: { status } })).title.split(" ")[0];
    expect(["completed", "failed", "warning", "constructor"].map(emoji)).toEqual(["✅", "❌", "⚠️", "ℹ️"]);
  });

  test("unknown types are delivered with a question mark", () => {
    expect(format(eventOf("a", { type: "toString" })).title).toBe("❓ Event a");
  });

  test("progress is shown as a percentage, from upstream's fields", () => {
    const of = (metadata: object) => format(eventOf("a", { type: "task_progress", data: { metadata } })).body;
    expect(of({ percentage: 41.6 })).toMatch(/\n\n42%$/);
    expect(of({ current: 3, total: 4 })).toMatch(/\n\n3\/4 \(75%\)$/);
    expect(of({ current: 3, total: 0 })).toMatch(/Something happened$/);
  });

  test("details that repeat the description are left out", () => {
    const data = { results: "Something happened" };
    expect(format(eventOf("a", { type: "task_completion", data })).body).toBe("Something happened");
  });

  test("titles stand on one line, and one that shows nothing is replaced by the type", () => {
    expect(format(eventOf("a", { title: "Build\nfailed\r\n\tagain " })).title).toBe("ℹ️ Build failed again");
    expect(format(eventOf("a", { title: "\u202e\u0007" })).title).toBe("ℹ️ info_notification");
  });

  test("nobody is named as the sender when nobody is known", () => {
    expect(format(eventOf("a", { client: "unknown" }))).not.toHaveProperty("sender");
  });
});
