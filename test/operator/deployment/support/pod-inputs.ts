import type { V1PodSpec } from "@kubernetes/client-node";
import { configMaps, persistentVolumeClaims, secrets } from "../../../../operator/deployment/resource-types.ts";
import { isNotFound } from "../../../../operator/runtime/api-error.ts";
import type { Client } from "../../../../operator/runtime/client.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { type ResourceType, resourcePath } from "../../../../operator/runtime/resource-type.ts";

/** An object that a pod needs before its containers start. */
type Input = {
  readonly type: ResourceType;
  readonly name: string;
  readonly keys: readonly string[];
  /** Why its containers wait without it; undefined: no node takes the pod. */
  readonly waiting?: { readonly reason: string; readonly message?: string };
};

type Source = { readonly name?: string; readonly key?: string; readonly optional?: boolean };

/** Volumes come first: the kubelet mounts them before it makes the variables. */
function inputsOf({ volumes = [], initContainers = [], containers }: V1PodSpec): readonly Input[] {
  const mounted = volumes.flatMap(({ secret, configMap, persistentVolumeClaim }): Input[] => {
    if (persistentVolumeClaim) {
      return [{ type: persistentVolumeClaims, name: persistentVolumeClaim.claimName, keys: [] }];
    }
    const { optional, items = [] } = secret ?? configMap ?? { optional: true };
    if (optional) return [];
    const name = secret?.secretName ?? configMap?.name ?? "";
    const keys = items.map(({ key }) => key);
    return [{ type: secret ? secrets : configMaps, name, keys, waiting: { reason: "ContainerCreating" } }];
  });
  const variables = [...initContainers, ...containers].flatMap(({ env = [] }) =>
    env.flatMap(({ valueFrom }) => [
      ...variable(secrets, valueFrom?.secretKeyRef),
      ...variable(configMaps, valueFrom?.configMapKeyRef),
    ]),
  );
  return [...mounted, ...variables];
}

function variable(type: ResourceType, source: Source | undefined): Input[] {
  if (source === undefined || source.optional) return [];
  const { name = "", key = "" } = source;
  const message = `${type.kind.toLowerCase()} "${name}" not found, or without the key ${key}`;
  return [{ type, name, keys: [key], waiting: { reason: "CreateContainerConfigError", message } }];
}

async function isThere(client: Client, namespace: string, { type, name, keys }: Input): Promise<boolean> {
  try {
    const { data = {} } = await client.get<{ data?: object }>(resourcePath(type, { namespace, name }));
    return keys.every((key) => key in data);
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/**
 * The status of a pod that cannot start because an object that it reads is not there; undefined when all are. Claims need
 * not be bound: nobody makes volumes in the control plane of the tests.
 */
export async function waitingForInputs(
  client: Client,
  { metadata, spec }: KubernetesObject,
): Promise<object | undefined> {
  const pod = spec as V1PodSpec;
  for (const input of inputsOf(pod)) {
    if (!(await isThere(client, metadata.namespace ?? "", input))) return withoutInput(pod, input);
  }
  return undefined;
}

function withoutInput({ containers }: V1PodSpec, { name: missing, waiting }: Input): object {
  const phase = "Pending";
  if (waiting === undefined) {
    const message = `persistentvolumeclaim "${missing}" not found`;
    return { phase, conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }] };
  }
  const status = { imageID: "", ready: false, restartCount: 0, state: { waiting } };
  return {
    phase,
    conditions: [
      { type: "PodScheduled", status: "True" },
      { type: "Ready", status: "False" },
    ],
    containerStatuses: containers.map(({ name, image = "" }) => ({ name, image, ...status })),
  };
}
