import type { V1Pod } from "@kubernetes/client-node";
import { storedOf } from "../../runtime/informer.ts";
import { interned } from "../../runtime/interned.ts";
import { controllerOf, type KubernetesObject } from "../../runtime/kubernetes-object.ts";
import type { Stored } from "../../runtime/store.ts";
import { type Refusal, restoreRefusal } from "../backup/restore-facts.ts";
import { polledToken, type TokenRef } from "../receiving/polled-token.ts";
import { type Trouble, troubleOf } from "./pod-trouble.ts";

/** What is kept of a pod with our labels. */
export type CachedPod = Stored & {
  readonly instance: string;
  readonly component: string;
  /** "StatefulSet/team-bridge"; empty when nothing controls it. */
  readonly controller: string;
  /** The template that it was made from, as its controller names it. */
  readonly revision: string;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  /** The image of its container, as its spec names it. */
  readonly image: string;
  /** The digest of the image that its node has pulled; undefined when it does not tell one. */
  readonly digest?: string | undefined;
  /** It has ended, was evicted, or is being deleted. */
  readonly ended: boolean;
  /** Its container runs, ready or not. */
  readonly running: boolean;
  readonly ready: boolean;
  /** Its IP address, once it has one. */
  readonly address?: string | undefined;
  readonly trouble: Trouble | undefined;
  /** Why its volume could not be filled from an archive. */
  readonly restoreRefused?: Refusal | undefined;
  /** The bot token with which it reads a bot's updates, until its containers have ended. */
  readonly polls?: TokenRef | undefined;
};

export function reducePod(object: KubernetesObject): CachedPod {
  const labels = object.metadata.labels ?? {};
  const pod = object as unknown as V1Pod;
  const component = labels["app.kubernetes.io/component"] ?? "";
  const owner = controllerOf(object);
  const { phase, conditions, containerStatuses, podIP: address } = pod.status ?? {};
  const hasEnded = phase === "Failed" || phase === "Succeeded";
  const polls = component === "bridge" && !hasEnded ? polledToken(pod.spec) : undefined;
  return {
    ...storedOf(object),
    instance: interned(labels["app.kubernetes.io/instance"] ?? ""),
    component: interned(component),
    controller: interned(owner ? `${owner.kind}/${owner.name}` : ""),
    revision: interned(labels["pod-template-hash"] ?? labels["controller-revision-hash"] ?? ""),
    createdAt: object.metadata.creationTimestamp ?? "",
    image: interned(pod.spec?.containers.find(({ name }) => name === component)?.image ?? ""),
    ...digestIn(containerStatuses?.find(({ name }) => name === component)),
    ended: object.metadata.deletionTimestamp !== undefined || hasEnded,
    running: containerStatuses?.some(({ state }) => state?.running !== undefined) ?? false,
    ready: conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
    trouble: troubleOf(pod),
    address,
    ...(polls ? { polls } : {}),
    ...restoreRefusal(pod),
  };
}

/** "sha256:…" of "docker.io/cctelegram/server@sha256:…"; an image that was not pulled, but imported, has only an id of its node. */
const digestIn = (container: { readonly imageID: string } | undefined) => {
  const digest = /@(sha256:[a-f0-9]{64})$/.exec(container?.imageID ?? "")?.[1];
  return digest === undefined ? {} : { digest: interned(digest) };
};

/** The image that all pods run, with its digest; undefined while they differ, or the digest of one is not known. */
export function imageOfAll(pods: readonly CachedPod[]): string | undefined {
  const images = new Set(
    pods.map(({ image, digest }) => (image.includes("@") ? image : digest && `${image}@${digest}`)),
  );
  const [first, ...others] = images;
  return others.length === 0 ? first : undefined;
}

/** Whether nothing has changed that a status can show. */
export const samePod = (a: CachedPod, b: CachedPod) =>
  a.running === b.running &&
  a.ready === b.ready &&
  a.digest === b.digest &&
  a.ended === b.ended &&
  a.restoreRefused?.message === b.restoreRefused?.message &&
  (a.polls === undefined) === (b.polls === undefined) &&
  a.trouble?.reason === b.trouble?.reason &&
  a.trouble?.message === b.trouble?.message;

/**
 * The current pods of a workload: others may have its labels, and finished ones stay in the API until somebody deletes them
 * (an evicted one for weeks).
 */
export const livePods = (pods: readonly CachedPod[], workload: string) =>
  pods.filter(
    ({ controller, revision, ended }) =>
      !ended && (controller === `StatefulSet/${workload}` || controller === `ReplicaSet/${workload}-${revision}`),
  );

/**
 * Those made from the newest template: problems of the others end when they are replaced. A Deployment does not report
 * its revision, but its newest pod has it.
 */
export function currentPods(live: readonly CachedPod[], revision: string | undefined): CachedPod[] {
  if (revision !== undefined) return live.filter((pod) => pod.revision === revision);
  const newest = live
    .map(({ createdAt }) => createdAt)
    .toSorted()
    .at(-1);
  const revisions = new Set(live.filter(({ createdAt }) => createdAt === newest).map((pod) => pod.revision));
  return live.filter((pod) => revisions.has(pod.revision));
}

/** The image that most of the ready pods run; of two, the alphabetically first, so that the result is stable. */
export function imageOfMost(pods: readonly CachedPod[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { ready, image } of pods) if (ready && image !== "") counts.set(image, (counts.get(image) ?? 0) + 1);
  const [first] = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return first?.[0];
}

/** A pod may be unschedulable for so long: its volume has to be created first, or a node to be added. kstatus waits as long. */
const schedulingMs = 15_000;

/** The first lasting problem of the pods; if there is only one that may pass, in how many ms it will count as lasting. */
export function firstTrouble(
  pods: readonly CachedPod[],
  nowMs: number,
): { readonly trouble?: Trouble; readonly settlesInMs?: number } {
  const found = pods.flatMap(({ trouble }) => trouble ?? []);
  const waitMs = ({ since }: Trouble) => (since === undefined ? 0 : since + schedulingMs - nowMs);
  const trouble = found.find((one) => waitMs(one) <= 0);
  if (trouble) return { trouble };
  return found.length === 0 ? {} : { settlesInMs: Math.min(...found.map(waitMs)) };
}
