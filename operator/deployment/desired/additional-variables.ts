import type { V1EnvVar } from "@kubernetes/client-node";
import type { DeploymentSpec } from "../../api/spec.ts";
import type { Component } from "../names.ts";

/** Reached without a proxy: the bridge, everything else in the cluster's DNS, and the pod itself. */
const insideCluster = ["localhost", "127.0.0.1", "::1", ".svc", ".cluster.local"];

/** Variables from `env` and `proxy` of the spec. */
export function additionalVariables(spec: DeploymentSpec, component: Component): V1EnvVar[] {
  const { env = [] } = component === "bridge" ? spec.bridge : spec.server;
  return [
    ...Object.entries(proxyVariables(spec.proxy)).map(([name, value]) => ({ name, value })),
    ...env.map(({ name, value, valueFrom }) => ({ name, ...(valueFrom ? { valueFrom } : { value: value ?? "" }) })),
  ] as V1EnvVar[];
}

type ProxyVariables = Readonly<Partial<Record<"HTTP_PROXY" | "HTTPS_PROXY" | "NO_PROXY", string>>>;

/** Variables from `proxy` of the spec. */
export function proxyVariables(proxy: DeploymentSpec["proxy"]): ProxyVariables {
  if (!proxy?.httpProxy && !proxy?.httpsProxy) return {};
  return {
    ...(proxy.httpProxy ? { HTTP_PROXY: proxy.httpProxy } : {}),
    ...(proxy.httpsProxy ? { HTTPS_PROXY: proxy.httpsProxy } : {}),
    NO_PROXY: [...insideCluster, ...proxy.noProxy].join(","),
  };
}
