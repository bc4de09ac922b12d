import { expect, test } from "vitest";
import { childrenOf } from "../../../operator/deployment/desired/children.ts";
import { serviceMonitor } from "../../../operator/deployment/desired/monitoring.ts";
import { blueprint, specOf } from "./support/blueprint.ts";

type Relabeling = {
  readonly action: string;
  readonly sourceLabels: readonly string[];
  readonly regex?: string;
  readonly targetLabel: string;
  readonly replacement?: string;
};
type Monitor = {
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly endpoints: readonly {
    readonly port: string;
    readonly interval: string;
    readonly relabelings: Relabeling[];
  }[];
};

const one = blueprint(specOf({ monitoring: { dashboard: { mode: "Enabled" } } }));
const { selector, endpoints } = serviceMonitor(one).object.spec as Monitor;

/** What `replace` does with the labels of a target: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config. */
function relabelled(service: Readonly<Record<string, string>>, rules: readonly Relabeling[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const { sourceLabels, regex = ".*", targetLabel, replacement } of rules) {
    const value = sourceLabels.map((label) => service[label.replace("__meta_kubernetes_service_label_", "")]).join(";");
    if (new RegExp(`^(?:${regex})$`).test(value)) labels[targetLabel] = replacement ?? value;
  }
  return labels;
}

/** The Services that Prometheus finds by the monitor: their labels as it writes them, by name. */
const services = childrenOf(one).others.flatMap(({ type, object }) => {
  const { ports = [] } = object.spec as { ports?: readonly { readonly name: string }[] };
  const isScraped = type.plural === "services" && ports.some(({ name }) => name === endpoints[0]?.port);
  if (!isScraped) return [];
  expect(object.metadata.labels).toMatchObject(selector.matchLabels);
  const labels = Object.entries(object.metadata.labels ?? {});
  return [
    [object.metadata.name, Object.fromEntries(labels.map(([key, value]) => [key.replace(/[./-]/g, "_"), value]))],
  ];
});

test("servers and bridge are scraped under the jobs of the guide's rules, and keep the labels of our alerts", () => {
  const found = services.map(([name, labels]) => [
    name,
    relabelled(labels as Record<string, string>, endpoints[0]?.relabelings ?? []),
  ]);
  expect(Object.fromEntries(found)).toEqual({
    "team-mcp-server": { cctelegram: "team", component: "mcp-server", job: "cctelegram-mcp" },
    "team-bridge": { cctelegram: "team", component: "bridge", job: "cctelegram-bridge" },
  });
});

test("they are scraped as often as in the guide", () => {
  expect(endpoints.map(({ port, interval }) => [port, interval])).toEqual([["metrics", "10s"]]);
});
