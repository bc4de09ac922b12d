import { describe, expect, test } from "vitest";
import type { Approval } from "../../contract/approvals.ts";
import type { BridgeTelling } from "../../contract/monitoring-servers.ts";
import { commands, groups } from "../../plugin/commands/registry.ts";
import { candidates, clusterOptions } from "../../plugin/completion/candidates.ts";
import { ownOptionsOf } from "../../plugin/program.ts";
import { approvalsText } from "../../plugin/rendering/approvals.ts";
import { bansText, banViews } from "../../plugin/rendering/bans.ts";
import { eventsText, eventViews } from "../../plugin/rendering/events.ts";
import { logLine } from "../../plugin/rendering/logs.ts";
import { queueText } from "../../plugin/rendering/queue.ts";
import { table } from "../../plugin/rendering/table.ts";
import { plain } from "../../plugin/terminal/style.ts";

const now = Date.parse("2026-01-01T01:00:00Z");

test("columns are as wide as their longest cell, and nobody's text breaks a line", () => {
  expect(
    table(
      ["A", "LONG"],
      [
        ["x\ny", undefined],
        ["", "1"],
      ],
    ),
  ).toBe("A     LONG\nx y   -\n-     1");
});

describe("a line of a log", () => {
  const look = { style: plain, level: undefined };
  const line = JSON.stringify({
    level: "warn",
    time: "2026-01-01T00:00:00.5Z",
    msg: "slow",
    service: "x",
    chat: 7,
    why: "a b",
  });

  test("is shown with time, level, pod, message and what else it says", () => {
    expect(logLine("team-bridge-0", line, look)).toBe(
      '2026-01-01 00:00:00.500 WARN  team-bridge-0 slow chat=7 why="a b"',
    );
    expect(logLine("p", '{"level":30,"time":1767225600000,"msg":"m"}', look)).toBe("2026-01-01 00:00:00.000 INFO  p m");
  });

  test("that is no JSON is shown as it is, without what steers the terminal", () => {
    expect(logLine("p", "panic: \u001b[31mno", { ...look, level: "error" })).toBe("p panic: no");
    expect(logLine("p", "{}", look)).toBe("p {}");
  });

  test("below the level is left out", () => {
    expect(logLine("p", line, { ...look, level: "error" })).toBeUndefined();
    expect(logLine("p", line, { ...look, level: "warn" })).toContain("slow");
  });
});

test("events are those of the given objects, the oldest first, of both APIs", () => {
  const object = (kind: string, name: string) => ({ involvedObject: { kind, name }, type: "Normal" });
  const events = eventViews(
    [
      {
        metadata: {},
        ...object("Pod", "b"),
        reason: "New",
        message: "later",
        eventTime: "2026-01-01T00:59:00.000000Z",
        series: { count: 3, lastObservedTime: "2026-01-01T00:59:30.000000Z" },
      },
      { metadata: {}, ...object("Pod", "other"), reason: "No", message: "not ours" },
      {
        metadata: {},
        ...object("Pod", "b"),
        reason: "Old",
        message: "first",
        count: 1,
        lastTimestamp: "2026-01-01T00:50:00Z",
      },
    ],
    new Set(["Pod/b"]),
  );
  expect(eventsText(events, { now, style: plain }).split("\n")).toEqual([
    "AGE   TYPE     REASON   OBJECT   MESSAGE",
    "10m   Normal   Old      Pod/b    first",
    "30s   Normal   New      Pod/b    later (3 times)",
  ]);
});

test("a queue says what waits and why, and where older refused messages are", () => {
  const queue = { usable: true, pending: 3, limit: 100, oldest_age_seconds: 125, dead_letters: 51 };
  const letter = { id: 4, event_id: "e", client: "ci", chat: "ops", reason: "blocked", at: "2026-01-01T00:59:00Z" };
  const waits: BridgeTelling["pacing"]["waits"] = [
    { chat: "ops", reason: "Telegram asks for a pause", until: "2026-01-01T01:01:00Z" },
  ];
  const text = queueText(
    { queue, waits, paused: { since: "2026-01-01T00:00:00Z", by: "ci" }, dead_letters: [letter], next_before: 4 },
    now,
  );
  expect(text.split("\n")).toEqual([
    "3 of at most 100 messages wait, the oldest for 2m.",
    "Delivery is stopped since 2026-01-01T00:00:00Z by ci.",
    "ops waits: Telegram asks for a pause until 2026-01-01T01:01:00Z",
    "",
    "Refused messages:",
    "ID   AGE   CHAT   CLIENT   EVENT   REASON",
    "4    60s   ops    ci       e       blocked",
    "There are older ones: --before 4 shows them, and --all means them, too.",
  ]);
  expect(queueText({ queue, waits, dead_letters: [] }, now)).toMatch(/None of the 51 refused messages is one of these/);
});

test("a fenced bridge says so beside its queue", () => {
  const queue = { usable: true, pending: 0, limit: 100, oldest_age_seconds: 0, dead_letters: 0 };
  const text = queueText({ queue, waits: [], fenced: { since: "2026-01-01T00:00:00Z" }, dead_letters: [] }, now);
  expect(text).toContain("The bridge is fenced since 2026-01-01T00:00:00Z (bridge.fencing): nothing is sent");
});

describe("approvals", () => {
  const asked: Approval = {
    approval_id: "deploy",
    state: "pending",
    client: "ci",
    title: "Deploy?",
    options: ["Yes", "No"],
    required_approvals: 2,
    approvers: [1, 2, 3, 4, 5, 6, 7, 8],
    votes: [{ user_id: 2, username: null, first_name: "Bo", option: "Yes", at: "2026-01-01T00:30:00Z" }],
    created_at: "2026-01-01T00:00:00Z",
    expires_at: "2026-01-01T02:00:00Z",
  };
  const row = (approval: Approval) => approvalsText([approval], now).split("\n")[1]?.split(/ {2,}/);

  test("that wait say who asked, and who has to choose what", () => {
    const outcome = "waits for 1 of 1, 3, 4, 5, 6 and 2 others to choose Yes or No";
    expect(row(asked)).toEqual(["deploy", "pending", "ci", "60m", "60m", "1/2", outcome, "Deploy?"]);
  });

  test("that are over say what became of them", () => {
    const decision = {
      option_index: null,
      at: asked.expires_at,
      callback_data: "deny_deploy",
      action: "deny",
    } as const;
    expect(row({ ...asked, state: "expired", decision: { ...decision, option: null, reason: "timeout" } })).toContain(
      "deny (nobody decided in time)",
    );
    expect(row({ ...asked, state: "decided", decision: { ...decision, option: "No", reason: "votes" } })).toContain(
      "No",
    );
  });
});

test("a ban that several servers have is shown once, with all of them and the latest end", () => {
  const ban = { address: "203.0.113.7", reason: "authentication_failures", since: "2026-01-01T00:50:00Z" } as const;
  const told = (name: string, until: string) => ({ pod: name, bans: [{ ...ban, until }] });
  const views = banViews([told("a", "2026-01-01T01:10:00Z"), told("b", "2026-01-01T01:20:00Z")]);
  expect(views).toHaveLength(1);
  expect(bansText(views, now)).toMatch(
    /203\.0\.113\.7 +whoever has no valid key +authentication_failures +10m +20m +a,b$/m,
  );
});

describe("the words that may come next", () => {
  const tree = { commands, groups, optionsOf: ownOptionsOf };
  const words = (...typed: string[]) => candidates(typed, tree).known.map(({ word }) => word);

  test("are commands, then resources and clients, then options that start so", () => {
    expect(words("st")).toEqual(["status"]);
    expect(words("")).not.toContain("__complete");
    expect(candidates(["status", ""], tree)).toMatchObject({ ask: "resources" });
    expect(candidates(["keys", "rotate", "team", ""], tree)).toMatchObject({ ask: "clients", resource: "team" });
    expect(words("keys", "rotate", "--d")).toEqual(["--dry-run"]);
  });

  test("are values after an option that takes one, and names after one that takes none", () => {
    expect(words("status", "-o", "")).toEqual(["json", "yaml", "wide"]);
    expect(candidates(["send", "team", "--key", ""], tree)).toMatchObject({ ask: "clients", resource: "team" });
    expect(candidates(["logs", "-f", ""], tree)).toMatchObject({ ask: "resources" });
    expect(words("logs", "--since", "")).toEqual([]);
  });

  test("come from the cluster that the words name", () => {
    expect(clusterOptions(["status", "-n", "notes", "--context=two", ""])).toEqual({
      namespace: "notes",
      context: "two",
    });
  });
});

test("every command has an example that begins with it, and says what rights it takes or that it asks no cluster", () => {
  for (const { path, examples, rights } of commands) {
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(example.startsWith(path.join(" "))).toBe(true);
    expect(rights.length > 0 || path[0] === "completion").toBe(true);
  }
});
