import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump } from "js-yaml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alerts, type Expected } from "../../../operator/deployment/desired/alerts.ts";
import { prometheusRule, rules } from "../../../operator/deployment/desired/monitoring.ts";
import { blueprint, specOf } from "./support/blueprint.ts";

const selector = 'namespace="tools",cctelegram="team"';
const everything = { server: true, bridge: true };
const labels = `${selector},pod="team-0"`;

type Series = Readonly<Record<string, string>>;

const one =
  (series: string) =>
  (values: string): Series => ({ [series]: values });

/** A histogram by its buckets: calls within 1 s, within 2.5 s, and all. */
const latency = (fast: string, slow: string, all: string): Series => ({
  [`http_request_duration_seconds_bucket{${labels},le="1"}`]: fast,
  [`http_request_duration_seconds_bucket{${labels},le="2.5"}`]: slow,
  [`http_request_duration_seconds_bucket{${labels},le="+Inf"}`]: all,
});

const server = one(`up{${labels},component="mcp-server"}`);
const bridge = one(`up{${labels},component="bridge"}`);
const errors = one(`http_requests_total{${labels},status="503"}`);
const refused = one(`security_events_total{${labels},event="authentication_failure"}`);
const limited = one(`security_events_total{${labels},event="rate_limit_exceeded"}`);
const keysFailed = one(`api_keys_load_failed{${labels},component="mcp-server"}`);
const age = one(`cctelegram_queue_oldest_age_seconds{${labels}}`);
const failed = one(`cctelegram_messages_failed_total{${labels}}`);

const paused = one(`cctelegram_delivery_paused{${labels}}`);
/** A file system of 1000 bytes, so many of which are free. */
const free = (values: string): Series => ({
  [`cctelegram_volume_free_bytes{${labels}}`]: values,
  [`cctelegram_volume_size_bytes{${labels}}`]: "1000x20",
});
const overdue = one(`cctelegram_backup_overdue{${selector},pod="cctelegram-operator-0"}`);
const tooLate = one(`cctelegram_secret_rotation_overdue{${selector},pod="cctelegram-operator-0"}`);
const renamed = `namespace="cctelegram-system",exported_namespace="tools",cctelegram="team"`;
const unsigned = one(`cctelegram_signature_failures_total{${labels},reason="wrong"}`);

/**
 * For each alert, series for which it must fire and series for which it must not, one value a minute for 20 minutes
 * (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series).
 */
const cases: Readonly<Record<string, { readonly fires: Series; readonly silent: Series }>> = {
  MCPServerDown: { fires: server("0x20"), silent: { ...server("1x20"), ...bridge("0x20") } },
  BridgeDown: { fires: bridge("0x20"), silent: { ...bridge("1x20"), ...server("0x20") } },
  HighErrorRate: { fires: errors("0+7x20"), silent: errors("0+5x20") },
  HighLatency: {
    fires: latency("0+90x20", "0+100x20", "0+100x20"),
    silent: latency("0+96x20", "0+100x20", "0+100x20"),
  },
  AuthenticationFailures: { fires: refused("0+330x20"), silent: refused("0+270x20") },
  RateLimitViolations: { fires: limited("0+630x20"), silent: limited("0+570x20") },
  APIKeysNotLoaded: { fires: keysFailed("1x20"), silent: keysFailed("0x20") },
  MessagesDelayed: { fires: age("301x20"), silent: age("299x20") },
  DeliveryPaused: { fires: paused("1x20"), silent: paused("1x5 0x15") },
  MessagesFailed: { fires: failed("0+1x20"), silent: failed("7x20") },
  VolumeNearlyFull: { fires: free("149x20"), silent: free("151x20") },
  BackupTooOld: { fires: overdue("1x20"), silent: overdue("0x20") },
  RotationOverdue: { fires: tooLate("1x20"), silent: tooLate("0x20") },
  SignatureFailures: { fires: unsigned("0+14x20"), silent: unsigned("0+10x20") },
};

test("every alert has a case here and a runbook that is named like it", () => {
  expect(Object.keys(cases).sort()).toEqual(alerts.map(({ name }) => name).sort());
});

test.each(alerts)("$name has a runbook and a summary", ({ name, summary }) => {
  const path = `docs/runbooks/${name}.md`;
  expect(existsSync(path), `${path} is missing`).toBe(true);
  expect(readFileSync(path, "utf8")).toContain(name);
  expect(summary).not.toBe("");
});

test("rules carry severity and runbook, and look at one resource alone", () => {
  for (const rule of rules(selector, everything)) {
    expect(rule.expr).toContain(selector);
    expect(rule.labels.severity).toMatch(/^(critical|high|warning)$/);
    expect(rule.annotations.runbook).toBe(`docs/runbooks/${rule.alert}.md`);
  }
});

test("no pod is missed of a server that is scaled to zero, and of a bridge that waits for its token", () => {
  const missed = (expected: Expected) =>
    rules(selector, expected).flatMap(({ alert, expr }) => (expr.includes("absent(") ? alert : []));
  expect(missed(everything)).toEqual(["MCPServerDown", "BridgeDown"]);
  expect(missed({ server: false, bridge: true })).toEqual(["BridgeDown"]);
  expect(missed({ server: true, bridge: false })).toEqual(["MCPServerDown"]);
  const stopped = { ...blueprint(specOf({ server: { replicas: 0 } })), bridge: "Wait" as const };
  expect(JSON.stringify(prometheusRule(stopped).object)).not.toContain("absent(");
});

const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

describe.skipIf(!hasPromtool)(`promtool${hasPromtool ? "" : " (not run: install the package prometheus)"}`, () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "alerts-"));
    writeFileSync(
      join(folder, "rules.yaml"),
      dump({ groups: [{ name: "cctelegram", rules: rules(selector, everything) }] }),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const promtool = (...args: string[]) => execFileSync("promtool", args, { cwd: folder, encoding: "utf8" });

  test("accepts the rules", () => {
    expect(promtool("check", "rules", "rules.yaml")).toContain(`SUCCESS: ${alerts.length} rules found`);
  });

  /** Runs one alert on some series; promtool fails if the result after 15 minutes is not the expected one. */
  function run(alert: string, series: Series, firing: boolean): string {
    const only = rules(selector, everything).filter((rule) => rule.alert === alert);
    writeFileSync(join(folder, `${alert}.yaml`), dump({ groups: [{ name: "one", rules: only }] }));
    const test = {
      interval: "1m",
      input_series: Object.entries(series).map(([series, values]) => ({ series, values })),
      promql_expr_test: [
        {
          expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) or vector(0)`,
          eval_time: "15m",
          exp_samples: [{ labels: "{}", value: firing ? 1 : 0 }],
        },
      ],
    };
    const file = join(folder, `${alert}-${firing}.yaml`);
    writeFileSync(file, dump({ rule_files: [`${alert}.yaml`], evaluation_interval: "15s", tests: [test] }));
    return promtool("test", "rules", file);
  }

  test.each(Object.entries(cases))("%s fires when it should", (alert, { fires }) => {
    expect(run(alert, fires, true)).toContain("SUCCESS");
  });

  test.each(Object.entries(cases))("%s is silent when all is well", (alert, { silent }) => {
    expect(run(alert, silent, false)).toContain("SUCCESS");
  });

  test("MessagesDelayed is silent while delivery is stopped, and fires for a bridge that cannot be", () => {
    expect(run("MessagesDelayed", { ...age("301x20"), ...paused("1x20") }, false)).toContain("SUCCESS");
    expect(run("MessagesDelayed", { ...age("301x20"), ...paused("0x20") }, true)).toContain("SUCCESS");
  });

  test.each([
    ["BackupTooOld", "cctelegram_backup_overdue"],
    ["RotationOverdue", "cctelegram_secret_rotation_overdue"],
  ])("%s fires for a Prometheus that renames the operator's label, and not for another resource", (alert, metric) => {
    expect(run(alert, one(`${metric}{${renamed}}`)("1x20"), true)).toContain("SUCCESS");
    const other = one(`${metric}{namespace="tools",cctelegram="another"}`);
    expect(run(alert, other("1x20"), false)).toContain("SUCCESS");
  });

  test.each(["MCPServerDown", "BridgeDown"])("%s fires when there is no pod at all", (alert) => {
    expect(run(alert, age("0x20"), true)).toContain("SUCCESS");
  });
});
