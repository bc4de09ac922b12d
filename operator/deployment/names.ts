import { createHash } from "node:crypto";
import { ports } from "../../contract/ports.ts";
import { routes } from "../../contract/routes.ts";

export const fieldManager = "cctelegram-operator";

/**
 * Names the resource that may take over an object without a controller. Children have it from the start, so that
 * orphaned or restored ones can be taken over again.
 */
export const adoptionAnnotation = "cctelegram.io/adopt";

/** Name of the operator's own key in the file of keys. */
export const verifierName = "cctelegram-operator";

/** A new value replaces the pods of server and bridge, like `kubectl rollout restart` for a Deployment. */
export const restartAnnotation = "cctelegram.io/restartedAt";

/** Of events: the reconcile that they tell of, as `reconcileID` in the operator's log. */
export const reconcileAnnotation = "cctelegram.io/reconcileID";
/** On a connection Secret: a new value asks for another key. */
export const rotateAnnotation = "cctelegram.io/rotate";
/** On a connection Secret: the value of {@link rotateAnnotation} for which its key was made. */
export const rotatedAnnotation = "cctelegram.io/rotated";
/** On a connection Secret: when `next` takes the place of `key`. */
export const nextKeyAtAnnotation = "cctelegram.io/next-key-at";

/** Of server pods: changes with the imported keys that they accept. */
export const importMarkAnnotation = "cctelegram.io/imported-keys";

/** Components of a CCTelegramDeployment, as in the label app.kubernetes.io/component. */
export type Component = "mcp-server" | "bridge";

/** The names of everything that belongs to one resource. */
export function namesOf(resource: string) {
  return {
    server: `${resource}-mcp-server`,
    bridge: `${resource}-bridge`,
    hmac: `${resource}-hmac`,
    apiKeys: `${resource}-api-keys`,
    /** The Ingress for /tools and what else is REST, which has its own limits. */
    tools: `${resource}-mcp-server-tools`,
    /** The Service with an address outside the cluster. */
    external: `${resource}-mcp-external`,
    /** The Secret in which cert-manager stores the certificate. */
    tls: `${resource}-mcp-server-tls`,
    alerts: `${resource}-alerts`,
    /** The Service of the dashboard, and the Secret with its password. */
    dashboard: `${resource}-dashboard`,
    connection: (client: string) => `${resource}-connection-${client}`,
  } as const;
}

export const managedBy = "app.kubernetes.io/managed-by";
export const managedByLabel = { [managedBy]: fieldManager } as const;

/** The labels by which Services, Deployments and policies find the pods of a component; they never change. */
export const selectorLabels = (resource: string, component: Component) => ({
  "app.kubernetes.io/name": "cctelegram",
  "app.kubernetes.io/instance": resource,
  "app.kubernetes.io/component": component,
});

/** The MCP endpoint inside the cluster. */
export const mcpUrl = (namespace: string, resource: string) =>
  `http://${namesOf(resource).server}.${namespace}.svc:${ports.mcp}${routes.mcp}`;

/** The dashboard inside the cluster. */
export const dashboardUrl = (namespace: string, resource: string) =>
  `http://${namesOf(resource).dashboard}.${namespace}.svc:${ports.dashboard}/`;

/** Base URL of the bridge inside the cluster. */
export const bridgeUrl = (namespace: string, resource: string) =>
  `http://${namesOf(resource).bridge}.${namespace}.svc:${ports.bridge}`;

export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
