import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { dump, load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { secret } from "../server/support/fake-bridge.ts";
import { keysJson } from "../server/support/server.ts";
import { programOf } from "../support/programs.ts";

const guides = process.env.CCTELEGRAM_GUIDES ?? join(import.meta.dirname, "../../../shared/seeds");
const main = programOf("server");
const caller = fileURLToPath(new URL("callers.ts", import.meta.url));

/** The files of the Enterprise Deployment Guide, as they stand there. */
const files = ["prometheus.yml", "rules/cctelegram.yml"] as const;

/** Where Prometheus itself listens: on its usual port is the server, as the guide has it. */
const PROMETHEUS = "http://127.0.0.1:9091";

const isThere = (path: string) => existsSync(path);
const reason = () => {
  if (process.getuid?.() !== 0) return "a network namespace needs root";
  if (!isThere("/usr/bin/prometheus") || !isThere("/etc/prometheus")) return "install the package prometheus";
  return isThere(guides) ? undefined : `the guides are not in ${guides}; CCTELEGRAM_GUIDES names another folder`;
};
const obstacle = reason();

function cut(file: string): string {
  const texts = globSync("*.txt", { cwd: guides }).map((name) => readFileSync(join(guides, name), "utf8"));
  const begin = `\`\`\`yaml\n# /etc/prometheus/${file}\n`;
  const text = texts.find((each) => each.includes(begin));
  if (text === undefined) throw new Error(`no guide has ${file}`);
  const from = text.indexOf(begin) + begin.length;
  return text.slice(from, text.indexOf("\n```", from) + 1);
}

type Alert = { readonly labels: Readonly<Record<string, string>>; readonly state: "pending" | "firing" };
type Sampled = {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
};

describe.skipIf(obstacle !== undefined)(
  `the guide's prometheus.yml and alert rules, unchanged${obstacle === undefined ? "" : ` (not run: ${obstacle})`}`,
  () => {
    const children: ChildProcess[] = [];
    let folder: string;
    let namespaces: ChildProcess;
    let server: ChildProcess;
    /** What Prometheus has stored of the server, by name. */
    let series: Record<string, readonly Sampled[]>;

    /** Starts a program where the guide's ports are free and its files are in /etc. */
    function inside(command: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
      const enter = ["--target", `${namespaces.pid}`, "--net", "--mount", "--", command, ...args];
      const child = spawn("nsenter", enter, { env: { PATH: process.env.PATH ?? "", ...env }, stdio: "ignore" });
      children.push(child);
      return child;
    }

    /** Throws when nobody answers. */
    function fetched(url: string): string {
      const script = "fetch(process.argv[1]).then(async (answer) => process.stdout.write(await answer.text()))";
      const enter = ["--target", `${namespaces.pid}`, "--net", "--", process.execPath, "-e", script, url];
      return execFileSync("nsenter", enter, { encoding: "utf8", timeout: 30_000, stdio: ["ignore", "pipe", "ignore"] });
    }

    function asked(path: string): unknown {
      const { status, data } = JSON.parse(fetched(PROMETHEUS + path));
      expect(status).toBe("success");
      return data;
    }

    const query = (expression: string) =>
      (asked(`/api/v1/query?query=${encodeURIComponent(expression)}`) as { readonly result: readonly Sampled[] })
        .result;
    const alerts = () =>
      (asked("/api/v1/alerts") as { readonly alerts: readonly Alert[] }).alerts.map(
        ({ labels: { alertname, job }, state }) => `${alertname} of ${job} ${state}`,
      );
    const evaluated = () =>
      (asked("/api/v1/rules") as { readonly groups: readonly { readonly lastEvaluation: string }[] }).groups.every(
        ({ lastEvaluation }) => Date.parse(lastEvaluation) > 0,
      );
    const eventually = (check: () => void) => vi.waitFor(check, { timeout: 90_000, interval: 1_000 });

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "prometheus-"));
      await mkdir(join(folder, "etc/rules"), { recursive: true });
      for (const file of files) await writeFile(join(folder, "etc", file), cut(file));
      const script = `ip link set lo up && mount --bind "${folder}/etc" /etc/prometheus && echo ready && exec sleep infinity`;
      namespaces = spawn("unshare", ["--net", "--mount", "--", "sh", "-c", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(namespaces.stdout!, "data");
      // As the guide has it: nobody answers on the bridge's port.
      server = inside(process.execPath, [main, "serve"], {
        ...{ MCP_SERVER_HOST: "127.0.0.1", MCP_SERVER_PORT: "8080", METRICS_PORT: "9090", MCP_API_KEYS: keysJson },
        ...{ BRIDGE_URL: "http://127.0.0.1:8081", BRIDGE_TIMEOUT: "2000", HMAC_SECRET: secret },
      });
      await eventually(() => fetched("http://127.0.0.1:9090/metrics"));
      const data = `--storage.tsdb.path=${folder}/data`;
      inside("prometheus", [
        "--config.file=/etc/prometheus/prometheus.yml",
        data,
        "--web.listen-address=127.0.0.1:9091",
      ]);
    });

    afterAll(async () => {
      for (const child of [...children, namespaces].reverse()) {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill("SIGKILL");
          await once(child, "exit");
        }
      }
      await rm(folder, { recursive: true });
    });

    test("find the server under the guide's job, and nothing fires while all is well", async () => {
      await eventually(() => expect(query('up{job="cctelegram-mcp"} == 1')).toHaveLength(1));
      expect(query('http_requests_total{job="cctelegram-mcp"}').length).toBeGreaterThan(0);
      const config = load((asked("/api/v1/status/config") as { readonly yaml: string }).yaml) as {
        readonly scrape_configs: readonly { readonly job_name: string; readonly scrape_interval: string }[];
      };
      expect(config.scrape_configs[0]).toMatchObject({ job_name: "cctelegram-mcp", scrape_interval: "10s" });
      await eventually(() => expect(evaluated()).toBe(true));
      expect(alerts()).toEqual([]);
    });

    test("fire at once, or wait for their time, for what really happens to the server", async () => {
      inside(process.execPath, [caller]);
      await eventually(() => {
        expect(alerts().sort()).toEqual(
          expect.arrayContaining([
            "AuthenticationFailures of cctelegram-mcp firing",
            "HighErrorRate of cctelegram-mcp pending",
            "HighLatency of cctelegram-mcp pending",
            "RateLimitViolations of cctelegram-mcp pending",
          ]),
        );
      });
      const stored = ["http_requests_total", "http_request_duration_seconds_bucket", "security_events_total"];
      series = Object.fromEntries(stored.map((name) => [name, query(`${name}{job="cctelegram-mcp"}[1m]`)]));
    });

    test("tell that the server is gone", async () => {
      server.kill("SIGKILL");
      await eventually(() => expect(alerts()).toContain("MCPServerDown of cctelegram-mcp pending"));
      series.up = query('up{job="cctelegram-mcp"}[10s]');
    });

    test.each([
      ["MCPServerDown", "1m"],
      ["HighErrorRate", "2m"],
      ["HighLatency", "5m"],
      ["AuthenticationFailures", "0m"],
      ["RateLimitViolations", "2m"],
    ])("of what Prometheus stored, going on like this, %s fires after %s", async (alert, pending) => {
      const minutes = Number.parseInt(pending, 10);
      const rules = join(folder, "etc/rules/cctelegram.yml");
      const states = (eval_time: string, isFiring: boolean) => ({
        expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) > bool 0 or vector(0)`,
        eval_time,
        exp_samples: [{ labels: "{}", value: isFiring ? 1 : 0 }],
      });
      const input_series = Object.entries(series).flatMap(([name, all]) => all.map((each) => goingOn(name, each)));
      const late = [states(`${minutes + 6}m`, true)];
      const early = minutes > 0 ? [states(`${minutes * 60 - 20}s`, false)] : [];
      const tests = [{ interval: "10s", input_series, promql_expr_test: [...early, ...late] }];
      const file = join(folder, `${alert}.yml`);
      await writeFile(file, dump({ rule_files: [rules], evaluation_interval: "15s", tests }));
      expect(execFileSync("promtool", ["test", "rules", file], { encoding: "utf8" })).toContain("SUCCESS");
    });
  },
);

/** A series for promtool that grows on as fast as it did between its first and its last sample, every ten seconds for a quarter of an hour. */
function goingOn(name: string, { metric: { __name__: _, ...labels }, values }: Sampled) {
  const [[from, first], [to, last]] = [values.at(0) ?? [0, "0"], values.at(-1) ?? [0, "0"]];
  const step = to === from ? 0 : ((Number(last) - Number(first)) / (to - from)) * 10;
  const text = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return { series: `${name}{${text.join(",")}}`, values: `${last}+${Math.max(0, step)}x90` };
}
