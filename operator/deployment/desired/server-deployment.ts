import type { V1DeploymentSpec } from "@kubernetes/client-node";
import { serverResources } from "../../api/sizing.ts";
import { importMark } from "../adoption/state.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { importMarkAnnotation, namesOf, selectorLabels } from "../names.ts";
import { deployments } from "../resource-types.ts";
import { serverEnvironment } from "./configuration.ts";
import { dashboardFolder } from "./dashboard.ts";
import { container, paths, podTemplate, secretVolume } from "./pod.ts";

/** The MCP server. A new pod is ready before an old one stops, so that no call fails during an upgrade. */
export function serverDeployment(blueprint: Blueprint): Child {
  const names = namesOf(blueprint.name);
  const spec: Omit<V1DeploymentSpec, "template"> & { template: object } = {
    ...(blueprint.serverReplicas === undefined ? {} : { replicas: blueprint.serverReplicas }),
    revisionHistoryLimit: 5,
    selector: { matchLabels: selectorLabels(blueprint.name, "mcp-server") },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: serverPods(blueprint),
  };
  return child(deployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadataOf(blueprint, names.server, "mcp-server"),
    spec,
  });
}

function serverPods(blueprint: Blueprint) {
  const names = namesOf(blueprint.name);
  const template = podTemplate(blueprint, {
    component: "mcp-server",
    serviceAccountName: names.server,
    additions: blueprint.spec.server.podTemplate,
    spec: {
      terminationGracePeriodSeconds: 45,
      containers: [serverContainer(blueprint)],
      volumes: [
        secretVolume("api-keys", names.apiKeys),
        secretVolume("hmac", names.hmac),
        ...(blueprint.dashboard ? [secretVolume("dashboard", names.dashboard, [passwordItem])] : []),
      ],
    },
  });
  const mark = blueprint.imported && importMark(blueprint.imported);
  if (mark !== undefined) Object.assign(template.metadata.annotations, { [importMarkAnnotation]: mark });
  return { ...template, spec: { ...template.spec, topologySpreadConstraints: spread(blueprint.name) } };
}

const passwordItem = { key: "password", path: "password" };

const serverContainer = (blueprint: Blueprint) => ({
  ...container(blueprint, "mcp-server", serverEnvironment(blueprint)),
  resources: serverResources(blueprint.spec),
  volumeMounts: [
    { name: "api-keys", mountPath: paths.apiKeys, readOnly: true },
    { name: "hmac", mountPath: paths.hmac, readOnly: true },
    ...(blueprint.dashboard ? [{ name: "dashboard", mountPath: dashboardFolder, readOnly: true }] : []),
  ],
});

/** Spread over nodes and zones if there are several, but also run if there are not. */
const spread = (resource: string) =>
  ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selectorLabels(resource, "mcp-server") },
  }));
