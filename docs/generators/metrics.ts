import type { Registry } from "prom-client";
import { code, page, table } from "./markdown.ts";

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
  ]);
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
