import type { DeploymentSpec } from "../api/spec.ts";
import type { KubernetesObject } from "../runtime/kubernetes-object.ts";
import type { ResourceType } from "../runtime/resource-type.ts";
import type { ImportedKeys } from "./adoption/imported-keys.ts";
import type { AdoptionState } from "./adoption/state.ts";
import type { RestorePlan } from "./backup/restore-plan.ts";
import { adoptionAnnotation, type Component, managedByLabel, selectorLabels } from "./names.ts";
import type { Rollout } from "./rollout/rollout.ts";
import type { GeneratedValue } from "./secrets/generated-value.ts";
import type { OwnKey } from "./secrets/own-keys.ts";
import type { PreviousKey } from "./secrets/previous-keys.ts";

/**
 * What to do with the bridge's StatefulSet. A pod cannot start without the Secrets that it reads: until they exist, no
 * StatefulSet is created, and an existing one is kept as it is.
 */
export type BridgePlan = "Apply" | "Keep" | "Wait";

type Dashboard = { readonly password: GeneratedValue };

/** Everything that the desired objects are computed from; equal blueprints give equal objects. */
export type Blueprint = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly spec: DeploymentSpec;
  readonly image: string;
  readonly telegramApiUrl: string | undefined;
  /** How the bridge hears what people say; undefined leaves it to the bridge, which does not. */
  readonly updates?: DeploymentSpec["telegram"]["updates"];
  /** Shared secret of server and bridge. */
  readonly hmac: GeneratedValue;
  /** By which what is read from users' Secrets is marked; undefined: none is. */
  readonly salt?: string | undefined;
  /** API key by name of the client. */
  readonly keys: ReadonlyMap<string, GeneratedValue>;
  /** Keys in Secrets of users, by name of the client. */
  readonly ownKeys: ReadonlyMap<string, OwnKey>;
  /** Keys of before, which are still valid. */
  readonly previousKeys: readonly PreviousKey[];
  /** Key with which the operator itself verifies the server. */
  readonly verifierKey: string;
  /** What that key was or will be, while the secret that it is made of is rotated. */
  readonly furtherVerifierKeys?: readonly string[];
  /** Undefined: no server has a dashboard. */
  readonly dashboard: Dashboard | undefined;
  /** That of servers of another version, while the spec asks for none: their pods do not start without its Secret. */
  readonly formerDashboard?: Dashboard | undefined;
  /** Of each component whose variables refer to Secrets: another text when their content is another one. */
  readonly variables?: Readonly<Partial<Record<Component, string>>> | undefined;
  /** The replicas to write while no other manager has set them, else undefined. */
  readonly serverReplicas: number | undefined;
  /** The servers of each track; undefined: those of the spec alone. */
  readonly rollout?: Rollout | undefined;
  /** When somebody last requested a restart. */
  readonly restartedAt?: string | undefined;
  readonly bridge: BridgePlan;
  /** What the bridge's volume is filled with before its first start. */
  readonly restore?: RestorePlan | undefined;
  /** Keys of a former installation; undefined: nothing is taken over. */
  readonly imported?: ImportedKeys;
  readonly adoption?: AdoptionState | undefined;
  /** The image is not accepted: what runs is kept as it is, and nothing is started. */
  readonly holdsWorkloads?: boolean;
  readonly hasPrometheusRule: boolean;
  readonly hasServiceMonitor: boolean;
  /** KEDA is installed. */
  readonly hasScaledObject: boolean;
  /** What the template of the queue's claim asks for, which cannot change: the claim itself grows. */
  readonly claimSize: string;
  /** The CRD of HTTPRoute is installed. */
  readonly hasHttpRoute: boolean;
  /** URL of the MCP endpoint for clients. */
  readonly url: string;
};

/** One object that should exist, and its type. */
export type Child = { readonly type: ResourceType; readonly object: KubernetesObject };

export function child(type: ResourceType, object: KubernetesObject): Child {
  return { type, object };
}

/** Metadata of a child: name, labels, and the owner, with which the child is deleted. */
export function metadataOf(blueprint: Blueprint, name: string, component: Component) {
  return {
    name,
    namespace: blueprint.namespace,
    labels: labelsOf(blueprint, component),
    annotations: { [adoptionAnnotation]: blueprint.name },
    ownerReferences: [
      {
        apiVersion: "cctelegram.io/v1alpha1",
        kind: "CCTelegramDeployment",
        name: blueprint.name,
        uid: blueprint.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
}

export const labelsOf = (blueprint: Blueprint, component: Component) => ({
  ...selectorLabels(blueprint.name, component),
  ...managedByLabel,
});
