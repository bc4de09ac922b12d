import { ports } from "../../../contract/ports.ts";
import type { DeploymentSpec } from "../../api/spec.ts";
import { mcpUrl, namesOf } from "../names.ts";

/** How the resource is exposed, with all defaults filled in. */
export type Exposure = {
  readonly mode: "Ingress" | "HTTPRoute" | "LoadBalancer";
  readonly host: string | undefined;
  /** "" or "/path". */
  readonly basePath: string;
  readonly scheme: "http" | "https";
  /** Scheme of the public URL. */
  readonly port: number;
  /** The port of the server's Service for the proxy or the load balancer, by name. */
  readonly backend: "proxied" | "http" | "external";
  readonly isIngressNginx: boolean;
  /** Secret with the certificate of the Ingress; undefined if the certificate is configured elsewhere. */
  readonly tlsSecret: string | undefined;
  /** Timeout on /mcp; 0 leaves it to the proxy. */
  readonly requestTimeoutSeconds: number;
  readonly from: readonly ProxyPeer[];
};

type ProxyPeer = NonNullable<DeploymentSpec["exposure"]["from"]>[number];

/** The namespace in the manifests and the chart of ingress-nginx. */
const ingressNginxNamespace: ProxyPeer = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ingress-nginx" } },
};

/** Undefined without an exposure. */
export function exposureOf(resource: string, spec: DeploymentSpec): Exposure | undefined {
  const { exposure } = spec;
  const { mode, host, path = "/" } = exposure;
  if (mode === "None") return undefined;
  const scheme = exposure.scheme ?? (mode === "LoadBalancer" ? "http" : "https");
  const nginx = isIngressNginx(exposure);
  return {
    mode,
    host,
    basePath: path === "/" || mode === "LoadBalancer" ? "" : path,
    scheme,
    port: portOf(exposure) ?? defaultPort(scheme),
    backend: backendOf(spec),
    isIngressNginx: nginx,
    tlsSecret: tlsSecretOf(resource, spec),
    requestTimeoutSeconds: exposure.requestTimeoutSeconds ?? 300,
    from: exposure.from ?? (nginx ? [ingressNginxNamespace] : []),
  };
}

const defaultPort = (scheme: Exposure["scheme"]) => (scheme === "https" ? 443 : 80);

const portOf = ({ mode, port, parentRefs }: DeploymentSpec["exposure"]) =>
  mode === "HTTPRoute" ? parentRefs?.[0]?.port : mode === "LoadBalancer" ? port : undefined;

/** The network policy decides who may report client addresses; without one only `server.trustedProxies` may. */
function backendOf({ exposure, networkPolicy }: DeploymentSpec): Exposure["backend"] {
  if (exposure.mode === "LoadBalancer") return "external";
  return networkPolicy.mode === "Disabled" ? "http" : "proxied";
}

const isIngressNginx = ({ mode, controller = "Auto", ingressClassName }: DeploymentSpec["exposure"]) =>
  mode === "Ingress" && (controller === "IngressNginx" || (controller === "Auto" && ingressClassName === "nginx"));

/** The Secret with the certificate of the Ingress, also before cert-manager has created it. */
export function tlsSecretOf(resource: string, { exposure: { mode, tls } }: DeploymentSpec): string | undefined {
  if (mode !== "Ingress" || !tls) return undefined;
  return tls.secretName ?? namesOf(resource).tls;
}

/** The Gateways that the route is attached to. */
export function gatewaysOf(own: string, { exposure: { mode, parentRefs = [] } }: DeploymentSpec) {
  return mode === "HTTPRoute" ? parentRefs.map((parent) => ({ ...parent, namespace: parent.namespace ?? own })) : [];
}

/** URL of the MCP endpoint: the public one as soon as it is known, else the one inside the cluster. */
export function urlOf(
  { namespace, name, spec }: { readonly namespace: string; readonly name: string; readonly spec: DeploymentSpec },
  addresses: readonly string[],
): string {
  const exposure = exposureOf(name, spec);
  const host = exposure?.host ?? addresses[0];
  if (!exposure || host === undefined) return mcpUrl(namespace, name);
  return `${originOf(exposure, host)}${exposure.basePath}/mcp`;
}

/** The origin of the public address, as browsers write it. */
export function originOf({ scheme, port }: Pick<Exposure, "scheme" | "port">, host: string): string {
  const suffix = port === defaultPort(scheme) ? "" : `:${port}`;
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}${suffix}`;
}

/** Port number of the scheme. */
export const backendPort = ({ backend }: Pick<Exposure, "backend">) =>
  backend === "http" ? ports.mcp : ports[backend];
