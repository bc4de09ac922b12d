import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import { nameOf, type Resource } from "../cluster/resources.ts";
import { isReady } from "../cluster/running-pod.ts";
import { problems } from "../problems.ts";

type Statuses = readonly { readonly name?: string; readonly imageID?: string }[];

/**
 * The image that a resource has proven: it is ready with it, and all its ready servers run it. By its digest where the node knows one, because a
 * tag may come to mean something else.
 */
export function proven(resource: Resource, pods: readonly KubernetesObject[]): string {
  const { conditions = [], observedGeneration } = resource.status ?? {};
  const ready = conditions.find(({ type }) => type === "Ready");
  if (ready?.status !== "True" || observedGeneration !== resource.metadata.generation)
    throw problems.notReady([nameOf(resource)]);
  const images = new Set(pods.filter(isReady).map(imageOf));
  const [image] = images;
  if (image === undefined || images.size > 1) throw problems.severalImages(nameOf(resource), [...images].map(String));
  return image;
}

function imageOf(pod: KubernetesObject): string | undefined {
  const { containers = [] } = (pod.spec ?? {}) as { containers?: readonly { name: string; image: string }[] };
  const [own] = containers;
  if (own === undefined) return undefined;
  const { containerStatuses = [] } = (pod.status ?? {}) as { containerStatuses?: Statuses };
  const digest = /@(sha256:[0-9a-f]{64})$/.exec(
    containerStatuses.find(({ name }) => name === own.name)?.imageID ?? "",
  )?.[1];
  return digest === undefined ? own.image : `${repositoryOf(own.image)}@${digest}`;
}

/** Without tag and digest. */
const repositoryOf = (image: string) => image.replace(/@.*$/, "").replace(/:[^:/]+$/, "");
