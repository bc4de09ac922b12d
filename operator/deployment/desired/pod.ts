import type { V1Container, V1PodSpec } from "@kubernetes/client-node";
import { ports } from "../../../contract/ports.ts";
import type { Role } from "../../../contract/roles.ts";
import { routes } from "../../../contract/routes.ts";
import type { PodTemplate } from "../../api/pod.ts";
import type { Blueprint } from "../blueprint.ts";
import { labelsOf } from "../blueprint.ts";
import { backendPort, exposureOf } from "../exposure/exposure.ts";
import { type Component, restartAnnotation, variablesAnnotation } from "../names.ts";
import { additionalVariables } from "./additional-variables.ts";
import type { Environment } from "./configuration.ts";
import { dashboardPorts } from "./dashboard.ts";
import { updatesPorts } from "./webhook.ts";

/** Paths of the pods' files. */
export const paths = {
  apiKeys: "/etc/cctelegram/api-keys",
  hmac: "/etc/cctelegram/hmac",
  telegram: "/etc/cctelegram/telegram",
  data: "/var/lib/cctelegram",
  /** A volume with archives. */
  backups: "/backup",
  backupStore: "/etc/cctelegram/backup-store",
  backupAuthority: "/etc/cctelegram/backup-authority",
  backupIdentity: "/etc/cctelegram/backup-identity",
  backupManifests: "/etc/cctelegram/backup-manifests",
} as const;

/** User and group of the image. */
const imageUser = { runAsUser: 1001, runAsGroup: 1001, fsGroup: 1001, fsGroupChangePolicy: "OnRootMismatch" };

/**
 * What both programs have in common: ports, probes, and everything that Pod Security "restricted" requires, with a read-only
 * root file system in addition.
 */
export function container(blueprint: Blueprint, component: Component, environment: Environment): V1Container {
  const { role, port } = programs[component];
  const live = { path: routes.live, port: "http" };
  return {
    name: component,
    image: blueprint.image,
    imagePullPolicy: blueprint.spec.images.pullPolicy,
    args: [role],
    env: [
      ...Object.entries(environment).map(([name, value]) => ({ name, value })),
      { name: "INSTANCE_ID", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } },
      ...additionalVariables(blueprint.spec, component),
    ],
    ports: [
      { name: "http", containerPort: port, protocol: "TCP" },
      ...(component === "mcp-server" ? outsidePort(blueprint) : updatesPorts(blueprint, containerPort)),
      { name: "metrics", containerPort: ports.metrics, protocol: "TCP" },
      ...(component === "mcp-server" ? [...secondPort(blueprint), ...dashboardPorts(blueprint, containerPort)] : []),
    ],
    // Long enough for a bridge that checks a large queue at its start.
    startupProbe: { httpGet: live, periodSeconds: 1, failureThreshold: 120 },
    livenessProbe: { httpGet: live, periodSeconds: 10, timeoutSeconds: 5 },
    readinessProbe: { httpGet: { path: routes.ready, port: "http" }, periodSeconds: 3, timeoutSeconds: 3 },
    // The last lines of a container that failed stay in the pod's status, without a right to read logs.
    terminationMessagePolicy: "FallbackToLogsOnError",
    securityContext: containerSecurity,
  };
}

/** What Pod Security "restricted" requires of a container, with a read-only root file system in addition. */
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/** What all pods have in common: no token of the API, the image's user, where they may run, and how images are pulled. */
export function podBasics({ podSecurity, images }: Blueprint["spec"], additions: PodTemplate | undefined) {
  const { pullSecrets } = images;
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      ...(podSecurity.userIds === "Image" ? imageUser : {}),
      seccompProfile: { type: "RuntimeDefault" },
    },
    ...(pullSecrets.length > 0 ? { imagePullSecrets: pullSecrets.map((name) => ({ name })) } : {}),
    ...(additions?.nodeSelector ? { nodeSelector: additions.nodeSelector } : {}),
    ...(additions?.tolerations?.length ? { tolerations: additions.tolerations } : {}),
    ...(additions?.priorityClassName ? { priorityClassName: additions.priorityClassName } : {}),
  };
}

/** The port for callers from outside the cluster. */
function outsidePort({ name, spec }: Blueprint) {
  const exposure = exposureOf(name, spec);
  if (!exposure || exposure.backend === "http") return [];
  return [{ name: exposure.backend, containerPort: backendPort(exposure), protocol: "TCP" }];
}

const containerPort = (name: string, number: number) => ({ name, containerPort: number, protocol: "TCP" });

const secondPort = ({ spec: { server } }: Blueprint) =>
  server.secondPort === undefined ? [] : [{ name: "second", containerPort: server.secondPort, protocol: "TCP" }];

const programs: Readonly<Record<Component, { readonly role: Role; readonly port: number }>> = {
  "mcp-server": { role: "serve", port: ports.mcp },
  bridge: { role: "bridge", port: ports.bridge },
};

type Template = {
  readonly component: Component;
  readonly serviceAccountName: string;
  readonly additions: PodTemplate | undefined;
  readonly spec: Pick<V1PodSpec, "containers" | "volumes" | "terminationGracePeriodSeconds">;
};

/** The pod template around a container: identity, placement, security, and what replaces the pods when it changes. */
export function podTemplate(blueprint: Blueprint, template: Template) {
  const { component, additions } = template;
  const mark = blueprint.variables?.[component];
  const annotations = {
    ...additions?.annotations,
    // Variables are read only at the start.
    ...(mark ? { [variablesAnnotation]: mark } : {}),
    ...(blueprint.restartedAt ? { [restartAnnotation]: blueprint.restartedAt } : {}),
  };
  return {
    metadata: {
      labels: { ...additions?.labels, ...labelsOf(blueprint, component) },
      // An empty map is not stored, and would look like a difference.
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    spec: {
      serviceAccountName: template.serviceAccountName,
      ...podBasics(blueprint.spec, additions),
      ...template.spec,
    },
  };
}

/** A volume with one Secret, readable by the pod's group only. */
export const secretVolume = (name: string, secretName: string, items?: { key: string; path: string }[]) => ({
  name,
  secret: { secretName, defaultMode: 0o440, ...(items ? { items } : {}) },
});
