import * as types from "../operator/deployment/resource-types.ts";
import type { Client } from "../operator/runtime/client.ts";
import type { KubernetesList, KubernetesObject } from "../operator/runtime/kubernetes-object.ts";
import { type ResourceType, resourcePath } from "../operator/runtime/resource-type.ts";

export const namespace = "bench";

/** Requests of the bench at a time. */
const parallel = 32;

export const nameOf = (index: number) => `r${String(index).padStart(4, "0")}`;

/** The simplest valid resource that has every kind of child: production, two replicas, one client. */
export const resource = (name: string) => ({
  apiVersion: "cctelegram.io/v1alpha1",
  kind: "CCTelegramDeployment",
  metadata: { name, namespace },
  spec: {
    telegram: { botTokenSecretRef: { name: "telegram" }, allowedUsers: [123456789] },
    server: { replicas: 2, auth: { clients: [{ name: "claude", permissions: ["*"] }] } },
  },
});

/** Calls `work` for each item, a few at a time. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}

const collection = (type: ResourceType) => resourcePath(type, { namespace });

export async function createNamespace(client: Client): Promise<void> {
  await client.request({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: namespace } } });
  const token = {
    metadata: { name: "telegram" },
    stringData: { token: "123456789:AABenchTokenOfABotThatDoesNotExist" },
  };
  await client.request({ method: "POST", path: collection(types.secrets), body: token });
}

export const create = (client: Client, name: string) =>
  client.request({ method: "POST", path: collection(types.cctelegramDeployments), body: resource(name) });

export const remove = (client: Client, name: string) => client.delete(types.cctelegramDeployments, namespace, name);

/** Patches a pod's status as a kubelet does when all containers run and are ready. */
async function makeReady(client: Client, pod: KubernetesObject): Promise<void> {
  const now = new Date().toISOString();
  const { containers } = pod.spec as { containers: { name: string; image: string }[] };
  const condition = (type: string) => ({ type, status: "True", lastTransitionTime: now });
  await client.request({
    method: "PATCH",
    path: resourcePath(types.pods, { ...pod.metadata, subresource: "status" }),
    contentType: "application/strategic-merge-patch+json",
    body: {
      status: {
        phase: "Running",
        conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition),
        containerStatuses: containers.map(({ name, image }) => ({
          name,
          image,
          imageID: image,
          ready: true,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: now } },
        })),
      },
    },
  });
}

/** Makes all pods ready; returns how many there are. */
export async function makePodsReady(client: Client): Promise<number> {
  const pods = await client.list(collection(types.pods));
  await inParallel(pods, (pod) => makeReady(client, pod));
  return pods.length;
}

/** Everything that a resource leads to, the operator's children and what the control plane makes of those. */
const counted: readonly ResourceType[] = [
  types.cctelegramDeployments,
  ...types.childTypes,
  types.pods,
  { group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet", namespaced: true },
  { group: "", version: "v1", plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim", namespaced: true },
  { group: "discovery.k8s.io", version: "v1", plural: "endpointslices", kind: "EndpointSlice", namespaced: true },
  { group: "apps", version: "v1", plural: "controllerrevisions", kind: "ControllerRevision", namespaced: true },
];

/** How many objects of a type there are, for the price of one. */
export async function countOf(client: Client, type: ResourceType): Promise<number> {
  const { items, metadata } = await client.get<KubernetesList>(collection(type), { limit: 1 });
  return (items?.length ?? 0) + ((metadata as { remainingItemCount?: number }).remainingItemCount ?? 0);
}

export async function countAll(client: Client): Promise<number> {
  const counts = await Promise.all(counted.map((type) => countOf(client, type)));
  return counts.reduce((total, count) => total + count, 0);
}

/** How many resources are Ready. */
export async function readyCount(client: Client): Promise<number> {
  const resources = await client.list<{ status?: { conditions?: { type: string; status: string }[] } }>(
    collection(types.cctelegramDeployments),
  );
  const isReady = (resource: (typeof resources)[number]) =>
    resource.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
  return resources.filter(isReady).length;
}
