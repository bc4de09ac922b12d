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
/** On a Secret of ours: a new text asks for another value in it. */
export const rotateAnnotation = "cctelegram.io/rotate";
/** On a Secret of ours: the text of {@link rotateAnnotation} for which its value was made. */
export const rotatedAnnotation = "cctelegram.io/rotated";
/** On a Secret of ours: when `next` takes the place of the current value. */
export const nextAtAnnotation = "cctelegram.io/next-key-at";
/** On a Secret of ours: when its value took the place of another one. */
export const sinceAnnotation = "cctelegram.io/since";
/** On a Secret of ours: until when the value of before counts as well. */
export const previousUntilAnnotation = "cctelegram.io/previous-until";
/** In pod templates: another text when a Secret that variables refer to has another content. */
export const variablesAnnotation = "cctelegram.io/variables";

/** On a resource: the revision that clients shall reach, when rollout.promotion is Manual. */
export const promoteAnnotation = "cctelegram.io/promote";
/** On a resource: the revision to go back to. */
export const undoAnnotation = "cctelegram.io/undo";
/** On a resource: the code that the bot told somebody who shall talk to it. */
export const pairAnnotation = "cctelegram.io/pair";
/** On a server Deployment: the number of its revision, and the hash of its template. */
export const revisionAnnotation = "cctelegram.io/revision";
export const templateAnnotation = "cctelegram.io/template";

/** Of server pods: changes with the imported keys that they accept. */
export const importMarkAnnotation = "cctelegram.io/imported-keys";

/** Components of a CCTelegramDeployment, as in the label app.kubernetes.io/component. */
export type Component = "mcp-server" | "bridge";

/** On a CCTelegramBackup that a schedule has made: the resource. */
export const scheduledLabel = "cctelegram.io/scheduled-by";
/** On what belongs to a CCTelegramBackup: its name. */
export const backupLabel = "cctelegram.io/backup";

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
export const selectorLabels = (resource: string, component: Component | "backup") => ({
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
