import type { V1EnvVar } from "@kubernetes/client-node";
import type { DeploymentSpec } from "../../api/spec.ts";
import type { Component } from "../names.ts";

/** Reached without a proxy: the bridge, everything else in the cluster's DNS, and the pod itself. */
const insideCluster = ["localhost", "127.0.0.1", "::1", ".svc", ".cluster.local"];

/** Variables from `env` and `proxy` of the spec. */
export function additionalVariables(spec: DeploymentSpec, component: Component): V1EnvVar[] {
  const { env = [] } = component === "bridge" ? spec.bridge : spec.server;
  return [
    ...proxyVariables(spec.proxy),
    ...env.map(({ name, value, valueFrom }) => ({ name, ...(valueFrom ? { valueFrom } : { value: value ?? "" }) })),
  ] as V1EnvVar[];
}

function proxyVariables(proxy: DeploymentSpec["proxy"]): V1EnvVar[] {
  if (!proxy?.httpProxy && !proxy?.httpsProxy) return [];
  return [
    ...(proxy.httpProxy ? [{ name: "HTTP_PROXY", value: proxy.httpProxy }] : []),
    ...(proxy.httpsProxy ? [{ name: "HTTPS_PROXY", value: proxy.httpsProxy }] : []),
    { name: "NO_PROXY", value: [...insideCluster, ...proxy.noProxy].join(",") },
  ];
}
