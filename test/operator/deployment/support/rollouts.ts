import * as types from "../../../../operator/deployment/resource-types.ts";
import { trackLabel } from "../../../../operator/deployment/rollout/tracks.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { type PodReport, running, withoutImage } from "./kubelet.ts";
import { readResource } from "./steps.ts";
import type { World } from "./world.ts";

type Container = { readonly image: string };
type Service = KubernetesObject & { readonly spec: { readonly selector: Readonly<Record<string, string>> } };
type Workload = KubernetesObject & {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly Container[] } };
  };
};

/** The image of a version, as the operator of the tests has it. */
export const imageCalled = (version: string) => `docker.io/cctelegram/server:${version}`;

const isOf = (pod: KubernetesObject, version: string) =>
  (pod.spec as { containers: Container[] }).containers[0]?.image === imageCalled(version);

/** Pods of this version cannot start, all others run. */
export const broken =
  (version: string): PodReport =>
  (pod) =>
    isOf(pod, version) ? withoutImage(pod) : running(pod);

/** Pods of this version are not ready yet, all others run. */
export const pending =
  (version: string): PodReport =>
  (pod) =>
    isOf(pod, version) ? undefined : running(pod);

/** How the rollout of a resource stands. */
export function rolloutIn(world: World, name = "team") {
  const serversOf = async (deployment: string) => (await world.get<Workload>(types.deployments, deployment)).spec;
  const rolloutOf = async () => (await readResource(world, name)).status?.rollout;
  return {
    serversOf,
    rolloutOf,
    /** The track to which the Service leads. */
    trackOf: async () => (await world.get<Service>(types.services, `${name}-mcp-server`)).spec.selector[trackLabel],
    imageOf: async (deployment: string) => (await serversOf(deployment)).template.spec.containers[0]?.image,
    bridgeImage: async () =>
      (await world.get<Workload>(types.statefulSets, `${name}-bridge`)).spec.template.spec.containers[0]?.image,
    /** "1 Superseded, 2 Active" */
    history: async () =>
      (await rolloutOf())?.revisions?.map(({ revision, outcome }) => `${revision} ${outcome}`).join(", "),
  };
}
