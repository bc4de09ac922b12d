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
  /** Of the public URL. */
  readonly port: number;
  /** By which the proxy in front, or the load balancer, reaches the pods: a name of a port of the server's Service. */
  readonly backend: "proxied" | "http" | "external";
  readonly isIngressNginx: boolean;
  /** Holds the certificate of the Ingress; undefined where somebody else has it. */
  readonly tlsSecret: string | undefined;
  /** On /mcp; 0 leaves it to the proxy. */
  readonly requestTimeoutSeconds: number;
  readonly from: readonly ProxyPeer[];
};

type ProxyPeer = NonNullable<DeploymentSpec["exposure"]["from"]>[number];

/** Where the manifests and the chart of ingress-nginx put it. */
const ingressNginxNamespace: ProxyPeer = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ingress-nginx" } },
};

/** Undefined when nothing is asked for. */
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

/** Who may say where clients come from is decided by the network policy; without one nobody may, but `server.trustedProxies`. */
function backendOf({ exposure, networkPolicy }: DeploymentSpec): Exposure["backend"] {
  if (exposure.mode === "LoadBalancer") return "external";
  return networkPolicy.mode === "Disabled" ? "http" : "proxied";
}

const isIngressNginx = ({ mode, controller = "Auto", ingressClassName }: DeploymentSpec["exposure"]) =>
  mode === "Ingress" && (controller === "IngressNginx" || (controller === "Auto" && ingressClassName === "nginx"));

/** Where the certificate of the Ingress is, or will be when cert-manager has got it. */
export function tlsSecretOf(resource: string, { exposure: { mode, tls } }: DeploymentSpec): string | undefined {
  if (mode !== "Ingress" || !tls) return undefined;
  return tls.secretName ?? namesOf(resource).tls;
}

/** The Gateways that the route is attached to. */
export function gatewaysOf(own: string, { exposure: { mode, parentRefs = [] } }: DeploymentSpec) {
  return mode === "HTTPRoute" ? parentRefs.map((parent) => ({ ...parent, namespace: parent.namespace ?? own })) : [];
}

/** Where clients find MCP: the public address as soon as it is known, else the one inside the cluster. */
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

/** Number of the port behind the name. */
export const backendPort = ({ backend }: Pick<Exposure, "backend">) =>
  backend === "http" ? ports.mcp : ports[backend];
