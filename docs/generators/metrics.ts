import type { Registry } from "prom-client";
import { code, codes, page, table } from "./markdown.ts";
import { upstreamMetrics } from "./upstream-metrics.ts";

export type MetricDescription = {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Names of the labels, each with the values that are known beforehand. */
  readonly labels: readonly { readonly name: string; readonly values: readonly string[] }[];
};

/** Values of a histogram's own labels and suffixes are no news. */
const mostValues = 8;

/** What a registry would show to Prometheus, in the order of declaration. */
export async function metricsOf(registry: Registry): Promise<MetricDescription[]> {
  const samples = new Map((await registry.getMetricsAsJSON()).map((metric) => [metric.name, metric]));
  return registry.getMetricsAsArray().map((metric) => {
    const { name, help } = metric;
    const { labelNames = [] } = metric as unknown as { labelNames?: readonly string[] };
    const sample = samples.get(name);
    const valuesOf = (label: string) => [
      ...new Set((sample?.values ?? []).map(({ labels }) => String((labels as Record<string, unknown>)[label] ?? ""))),
    ];
    return {
      name,
      help,
      type: String(sample?.type ?? ""),
      labels: labelNames.map((label) => ({ name: label, values: valuesOf(label).filter((value) => value !== "") })),
    };
  });
}

export type MetricGroups = Readonly<Record<"server" | "bridge" | "operator", readonly MetricDescription[]>>;

const introduction = `Server and bridge serve \`/metrics\` on port 9090, the operator on port 8080, in Prometheus' text format. Which of them the alerts use is
in [monitoring.md](../monitoring.md). Counters with known labels exist from the start, with 0, so that \`rate()\` sees the first event.

Server and bridge show prom-client's default metrics of the process as well (\`process_cpu_seconds_total\`, \`process_resident_memory_bytes\`,
\`nodejs_eventloop_lag_seconds\` and others).`;

/** The reference of all metrics. */
export function metricsPage({ server, bridge, operator }: MetricGroups): string {
  return page("Metrics", "the metric registries of server and operator", [
    introduction,
    "## Server",
    rows(server),
    "## Bridge",
    rows(bridge),
    "## Operator",
    "The names of client-go and controller-runtime, where those have one, so that their dashboards fit.",
    rows(operator),
    "## Names of co8/cctelegram and its guides",
    upstreamIntroduction,
    upstreamTable({ server, bridge }),
  ]);
}

const upstreamIntroduction = `What its bridge showed, and what its alert rules, both Grafana dashboards and the guides ask for. Expressions with a name that is here find series, with the labels that they use;
the value of \`tier\` is always \`bridge\`, the one way by which messages leave. What would be a constant is left out.`;

const ofTheProcess = /^process_/;

function upstreamTable(groups: Pick<MetricGroups, "server" | "bridge">): string {
  const whereIs = (name: string) =>
    Object.entries(groups).flatMap(([group, metrics]) => (metrics.some((each) => each.name === name) ? [group] : []));
  return table(
    ["Metric", "Labels that are used", "Asked for by", "Here"],
    upstreamMetrics.map(({ name, labels = [], by, leftOut }) => {
      const here = ofTheProcess.test(name) ? ["server", "bridge"] : whereIs(name);
      return [code(name), codes(labels), by, leftOut === undefined ? here.join(", ") : `left out: ${leftOut}`];
    }),
  );
}

const rows = (metrics: readonly MetricDescription[]) =>
  table(
    ["Metric", "Type", "Labels", "Meaning"],
    metrics.map(({ name, type, labels, help }) => [code(name), type, labels.map(labelText).join("; "), help]),
  );

function labelText({ name, values }: MetricDescription["labels"][number]): string {
  if (values.length === 0 || values.length > mostValues) return code(name);
  return `${code(name)}: ${values.join(", ")}`;
}
