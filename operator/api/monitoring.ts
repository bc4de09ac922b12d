import * as z from "zod";
import { ports } from "../../contract/ports.ts";
import { ingressPeers } from "./peers.ts";
import { labelMap } from "./schema.ts";
import { rotationDays } from "./secrets.ts";

const dashboard = z.strictObject({
  mode: z
    .enum(["Enabled", "Disabled"])
    .default("Disabled")
    .describe(
      `Enabled: every server pod has the dashboard on port ${ports.dashboard}, with a Service <resource>-dashboard and a generated password in the Secret of that name. The server pods are replaced when it changes.`,
    ),
  rotationDays: rotationDays("its password is replaced at once; the one before counts no longer"),
  ingressFrom: ingressPeers().describe(
    "Peers that may open the dashboard. Nobody else may, not even pods of this namespace; `kubectl port-forward` needs no entry here.",
  ),
});

export const monitoringSpec = z.strictObject({
  serviceMonitor: z.enum(["Auto", "Disabled"]).default("Auto").describe("Auto creates it when the CRD is installed."),
  prometheusRule: z.enum(["Auto", "Disabled"]).default("Auto").describe("Auto creates it when the CRD is installed."),
  labels: labelMap(20).default({}).describe("Labels by which your Prometheus selects monitors and rules."),
  ingressFrom: ingressPeers().describe(
    "Peers that may read the metrics, in addition to pods with the label app.kubernetes.io/name: prometheus in any namespace.",
  ),
  dashboard: dashboard.prefault({}).describe("The page for people who operate it."),
});
