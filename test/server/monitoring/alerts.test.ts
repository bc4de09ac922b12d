import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { alertRules } from "../../../contract/alert-rules.ts";
import type { BridgeTelling, ServerTelling } from "../../../contract/monitoring-servers.ts";
import { Alerts } from "../../../server/monitoring/alerts.ts";
import { LastMinute } from "../../../server/monitoring/measured.ts";

const SECOND = 1_000;
const at = 10_000_000;

const quiet = { requests: 60, errors: 0, limited: 0, unauthenticated: 0, tool_calls: 0 };

function server(per_minute: Partial<typeof quiet>, fields: Partial<ServerTelling> = {}): ServerTelling {
  const report = { name: "s", per_minute: { ...quiet, ...per_minute } };
  return { report, slow_share: 0, keys_failed: false, ...fields } as ServerTelling;
}

function bridge(fields: object = {}): BridgeTelling {
  const queue = { oldest_age_seconds: 0 };
  return { queue, recent: { refused_15m: 0, signature_failures_per_second: 0 }, ...fields } as BridgeTelling;
}

const well = { bridge: bridge(), servers: [server({})] };
const names = (judged: Parameters<Alerts["judge"]>[0]) => new Alerts().judge(judged, at).map(({ name }) => name);

describe("alerts", () => {
  test("do not fire while all is well, or exactly at a limit", () => {
    expect(names(well)).toEqual([]);
    const { HighErrorRate, MessagesDelayed } = alertRules;
    const atLimit = bridge({ queue: { oldest_age_seconds: MessagesDelayed.above } });
    expect(names({ bridge: atLimit, servers: [server({ errors: HighErrorRate.above * 60 })] })).toEqual([]);
  });

  test.each([
    ["HighErrorRate", { ...well, servers: [server({ errors: 4 }), server({ errors: 4 })] }],
    ["HighLatency", { ...well, servers: [server({ requests: 90 }), server({ requests: 10 }, { slow_share: 0.6 })] }],
    ["AuthenticationFailures", { ...well, servers: [server({ unauthenticated: 301 })] }],
    ["RateLimitViolations", { ...well, servers: [server({ limited: 601 })] }],
    ["APIKeysNotLoaded", { ...well, servers: [server({}), server({}, { keys_failed: true })] }],
    ["BridgeDown", { ...well, bridge: undefined }],
    ["MessagesDelayed", { ...well, bridge: bridge({ queue: { oldest_age_seconds: 301 } }) }],
    ["MessagesFailed", { ...well, bridge: bridge({ recent: { refused_15m: 1, signature_failures_per_second: 0 } }) }],
    [
      "VolumeNearlyFull",
      {
        ...well,
        bridge: bridge({ recent: { refused_15m: 0, signature_failures_per_second: 0, volume_used_percent: 86 } }),
      },
    ],
    [
      "SignatureFailures",
      { ...well, bridge: bridge({ recent: { refused_15m: 0, signature_failures_per_second: 0.3 } }) },
    ],
  ] as const)(
    "%s is told when its condition holds, and fires when it has held for as long as its rule says",
    (name, judged) => {
      const alerts = new Alerts();
      const { forSeconds, severity } = alertRules[name];
      const [first] = alerts.judge(judged, at);
      expect(first).toMatchObject({ name, severity, firing: forSeconds === 0 });
      const [later] = alerts.judge(judged, at + forSeconds * SECOND);
      expect(later).toMatchObject({ name, firing: true, since: first?.since });
      expect(alerts.judge(well, at)).toEqual([]);
      expect(alerts.judge(judged, at + 2 * forSeconds * SECOND)[0]?.firing).toBe(forSeconds === 0);
    },
  );

  test("stopped delivery delays messages on purpose, and is an alert of its own since it was stopped", () => {
    const since = new Date(at - 601 * SECOND).toISOString();
    const paused = bridge({ paused: { since }, queue: { oldest_age_seconds: 600 } });
    expect(new Alerts().judge({ ...well, bridge: paused }, at)).toMatchObject([
      { name: "DeliveryPaused", firing: true, since },
    ]);
  });

  test("a server that is missed is down since it told last", () => {
    const last_seen_at = new Date(at - 61 * SECOND).toISOString();
    const missed = bridge({ missing: [{ name: "team-mcp-server-1", last_seen_at }] });
    expect(new Alerts().judge({ ...well, bridge: missed }, at)).toMatchObject([
      {
        name: "MCPServerDown",
        message: expect.stringContaining("team-mcp-server-1"),
        firing: true,
        since: last_seen_at,
      },
    ]);
  });

  test("a fence counts as stopped delivery, since it stands", () => {
    const since = new Date(at - 601 * SECOND).toISOString();
    const fenced = bridge({ fenced: { since }, queue: { oldest_age_seconds: 600 } });
    expect(new Alerts().judge({ ...well, bridge: fenced }, at)).toMatchObject([
      { name: "DeliveryPaused", message: "The bridge is fenced: messages are kept", firing: true, since },
    ]);
  });

  test("a time that is none holds from now on, and fells nobody", () => {
    const paused = bridge({ paused: { since: "yesterday, or so" } });
    expect(new Alerts().judge({ ...well, bridge: paused }, at)).toMatchObject([
      { name: "DeliveryPaused", firing: false },
    ]);
  });

  test("each has its runbook, and stands in docs/monitoring.md with its severity", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/monitoring.md"), "utf8");
    for (const [name, { severity }] of Object.entries(alertRules)) {
      expect(page).toMatch(new RegExp(`\\[${name}\\]\\(runbooks/${name}.md\\) +\\| ${severity}`));
    }
  });
});

test("means of the last minute are of the last minute, whatever was before", () => {
  const minute = new LastMinute();
  const totals = (requests: number) => ({ requests, errors: 0, limited: 0, unauthenticated: 0, toolCalls: 0, slow: 0 });
  expect(minute.mean("requests")).toBe(0);
  minute.look(totals(1_000), 0);
  expect(minute.mean("requests")).toBe(0);
  minute.look(totals(1_010), 5_000);
  expect(minute.mean("requests")).toBe(120);
  for (let n = 2; n <= 14; n += 1) minute.look(totals(1_010), n * 5_000);
  expect(minute.mean("requests")).toBe(0);
});
