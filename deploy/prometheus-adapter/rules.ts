import { dump } from "js-yaml";
import { metricNames } from "../../contract/metric-names.ts";

/** One rule of prometheus-adapter (https://github.com/kubernetes-sigs/prometheus-adapter/blob/master/docs/config.md). */
export type AdapterRule = {
  readonly seriesQuery: string;
  readonly resources: { readonly overrides: Readonly<Record<string, { readonly resource: string }>> };
  readonly name: { readonly matches: string; readonly as: string };
  readonly metricsQuery: string;
};

/** `object` is the kind to which the number belongs, and the label that names it, as the Prometheus operator sets it. */
const rule = (metric: string, object: "pod" | "service", aggregate: "sum" | "max"): AdapterRule => ({
  seriesQuery: `${metric}{namespace!="",${object}!=""}`,
  resources: { overrides: { namespace: { resource: "namespace" }, [object]: { resource: object } } },
  name: { matches: `^${metric}$`, as: metric },
  metricsQuery: `${aggregate}(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)`,
});

/** What the HorizontalPodAutoscalers of resources with `server.autoscaling.metrics` ask for. */
const adapterRules: readonly AdapterRule[] = [
  rule(metricNames.callsInFlight, "pod", "sum"),
  rule(metricNames.oldestMessageAge, "service", "max"),
];

/** Values for the chart of prometheus-adapter, by path from the root of the project. */
export const adapterValues = (): Record<string, string> => ({
  "deploy/prometheus-adapter/values.yaml": `# Generated from contract/metric-names.ts by "npm run generate"; do not edit.
# Values for the chart prometheus-community/prometheus-adapter: what server.autoscaling.metrics needs. See docs/scaling.md.
${dump({ rules: { custom: adapterRules } }, { noRefs: true, lineWidth: 120 })}`,
});
