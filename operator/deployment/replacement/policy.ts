import type { PodReplacements } from "../../api/pod-replacements.ts";
import type { WorkloadState } from "../cache/cached-objects.ts";
import type { CachedPod } from "../pods/pods.ts";
import { isSettled } from "../status/progress.ts";

/** So many pods of one template are replaced: when new ones fail like the old ones, it is not the pods. */
export const mostReplacements = 3;

export type Facts = {
  /** Uids of the pods that fail the handshake while others pass it, for longer than a start takes. */
  readonly failing: readonly string[];
  /** The live server pods. */
  readonly pods: readonly CachedPod[];
  readonly server: WorkloadState | undefined;
  /** What was replaced before, as the status remembers it. */
  readonly before: PodReplacements | undefined;
};

/**
 * The next pod to replace, with what to remember before that is done. One at a time, when all are there and ready, and never
 * the last one that works; undefined also when the limit is reached. Asked again for the same pod, it does not count again.
 */
export function nextReplacement({ failing, pods, server, before }: Facts): PodReplacements | undefined {
  if (server === undefined || !isSettled(server)) return undefined;
  const ready = pods.filter((pod) => pod.ready);
  const candidates = ready.filter(({ uid }) => failing.includes(uid)).toSorted((a, b) => (a.uid < b.uid ? -1 : 1));
  // One that is counted already, and is still there, comes first.
  const pod = candidates.find(({ uid }) => uid === before?.lastPod) ?? candidates[0];
  if (pod === undefined || ready.every(({ uid }) => failing.includes(uid))) return undefined;
  if (before?.lastPod === pod.uid) return before;
  const count = countFor(before, pod.revision);
  return count < mostReplacements ? { template: pod.revision, count: count + 1, lastPod: pod.uid } : undefined;
}

const countFor = (before: PodReplacements | undefined, template: string) =>
  before?.template === template ? before.count : 0;
