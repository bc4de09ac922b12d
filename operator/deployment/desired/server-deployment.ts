import type { V1DeploymentSpec } from "@kubernetes/client-node";
import { serverResources } from "../../api/sizing.ts";
import { importMark } from "../adoption/state.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { importMarkAnnotation, namesOf, revisionAnnotation, selectorLabels, templateAnnotation } from "../names.ts";
import { deployments } from "../resource-types.ts";
import type { PlannedDeployment } from "../rollout/rollout.ts";
import { hashOf, type Template, templateOn } from "../rollout/template.ts";
import { deploymentOf, trackLabels } from "../rollout/tracks.ts";
import { serverEnvironment } from "./configuration.ts";
import { dashboardFolder } from "./dashboard.ts";
import { container, paths, podTemplate, secretVolume } from "./pod.ts";

/** The MCP server. A new pod is ready before an old one stops, so that no call fails during an upgrade. */
export function serverDeployment(blueprint: Blueprint): Child {
  const pods = serverPods(blueprint);
  const replicas = blueprint.serverReplicas;
  const alone = { track: "blue", labelled: false, revision: 1, template: hashOf(pods), pods, replicas } as const;
  return deploymentOn(blueprint, alone, pods);
}

/** The Deployment of each track that is written. Others stay as they are. */
export function serverDeployments(blueprint: Blueprint): Child[] {
  const { rollout } = blueprint;
  if (rollout === undefined) return [serverDeployment(blueprint)];
  return rollout.servers.flatMap((servers) => {
    const { pods } = servers;
    return pods === undefined ? [] : [deploymentOn(blueprint, { ...servers, pods }, rollout.present)];
  });
}

type Deployed = PlannedDeployment & { readonly pods: Template };

/** A selector cannot change: that of the blue servers is the one from before there were tracks. */
function deploymentOn(blueprint: Blueprint, servers: Deployed, present: Template): Child {
  const { track, labelled, pods, replicas } = servers;
  const own = trackLabels(track === "green" ? track : undefined);
  const spec: Omit<V1DeploymentSpec, "template"> & { template: object } = {
    ...(replicas === undefined ? {} : { replicas }),
    revisionHistoryLimit: 5,
    progressDeadlineSeconds: blueprint.spec.rollout.progressDeadlineSeconds,
    selector: { matchLabels: { ...selectorLabels(blueprint.name, "mcp-server"), ...own } },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: templateOn(pods, trackLabels(labelled ? track : undefined), present),
  };
  const metadata = metadataOf(blueprint, deploymentOf(blueprint.name, track), "mcp-server");
  const annotations = {
    ...metadata.annotations,
    [revisionAnnotation]: `${servers.revision}`,
    [templateAnnotation]: servers.template,
  };
  return child(deployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...metadata, annotations },
    spec,
  });
}

/** The pods that the spec asks for. */
export function serverPods(blueprint: Blueprint): Template {
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
  const { metadata } = template;
  return {
    metadata: mark ? { ...metadata, annotations: { ...metadata.annotations, [importMarkAnnotation]: mark } } : metadata,
    spec: { ...template.spec, topologySpreadConstraints: spread(blueprint.name) },
  };
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
