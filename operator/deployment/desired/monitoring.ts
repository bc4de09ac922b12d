import { serverScaling } from "../../api/sizing.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { type Component, namesOf } from "../names.ts";
import { isHibernated } from "../pausing/hibernation.ts";
import { prometheusRules, serviceMonitors } from "../resource-types.ts";
import { alerts, type Expected } from "./alerts.ts";

/** Lets Prometheus scrape server and bridge, as often and under the job that the guide's rules expect; the component becomes a label, which the alerts use. */
export function serviceMonitor(blueprint: Blueprint): Child {
  return child(serviceMonitors, {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "ServiceMonitor",
    metadata: monitoringMetadata(blueprint, blueprint.name),
    spec: {
      selector: {
        matchLabels: { "app.kubernetes.io/name": "cctelegram", "app.kubernetes.io/instance": blueprint.name },
      },
      endpoints: [{ port: "metrics", interval: "10s", relabelings }],
    },
  });
}

const relabelings = [
  label("app_kubernetes_io_instance", "cctelegram"),
  label("app_kubernetes_io_component", "component"),
  job("mcp-server", "cctelegram-mcp"),
  job("bridge", "cctelegram-bridge"),
];

/** Instead of the Service's name, which differs from resource to resource. */
function job(component: Component, replacement: string) {
  return { ...label("app_kubernetes_io_component", "job"), regex: component, replacement };
}

function label(service: string, targetLabel: string) {
  return { action: "replace", sourceLabels: [`__meta_kubernetes_service_label_${service}`], targetLabel };
}

/** The alerts of this resource. */
export function prometheusRule(blueprint: Blueprint): Child {
  const selector = `namespace="${blueprint.namespace}",cctelegram="${blueprint.name}"`;
  const isAwake = !isHibernated(blueprint.spec);
  const expected = {
    server: isAwake && serverScaling(blueprint.spec).min > 0,
    bridge: isAwake && blueprint.bridge !== "Wait",
  };
  return child(prometheusRules, {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: monitoringMetadata(blueprint, namesOf(blueprint.name).alerts),
    spec: {
      groups: [{ name: `cctelegram.${blueprint.namespace}.${blueprint.name}`, rules: rules(selector, expected) }],
    },
  });
}

/** The rules for the pods that the selector matches. */
export const rules = (selector: string, expected: Expected) =>
  alerts.map((alert) => ({
    alert: alert.name,
    expr: alert.expression(selector, expected),
    for: alert.for,
    labels: { severity: alert.severity },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook: `docs/runbooks/${alert.name}.md`,
    },
  }));

function monitoringMetadata(blueprint: Blueprint, name: string) {
  const metadata = metadataOf(blueprint, name, "mcp-server");
  return { ...metadata, labels: { ...blueprint.spec.monitoring.labels, ...metadata.labels } };
}
