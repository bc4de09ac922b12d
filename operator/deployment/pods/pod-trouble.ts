import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { lastWords } from "./last-words.ts";

/** Why a pod does not run, with a message that does not change between retries. */
export type Trouble = {
  readonly reason: string;
  readonly message: string;
  /** Since when (ms since the epoch), if it may be a normal state of a start. */
  readonly since?: number;
};

/** The first thing that a person would have to fix before the pod can run. */
export function troubleOf(pod: V1Pod): Trouble | undefined {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False" && scheduled.reason === "Unschedulable") {
    const since = Date.parse(String(scheduled.lastTransitionTime ?? pod.metadata?.creationTimestamp ?? ""));
    const cause = scheduled.message?.replace(/\.$/, "") ?? "no node takes the pod";
    const message = `${cause}: ${wayOut(cause)}`;
    return { reason: "Unschedulable", message, ...(Number.isNaN(since) ? {} : { since }) };
  }
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  for (const status of statuses) {
    const trouble = containerTrouble(status);
    if (trouble) return trouble;
  }
  return undefined;
}

/** In the scheduler's words for pods whose claim does not exist, or has no volume that a node reaches. */
const wayOut = (cause: string) =>
  /persistentvolumeclaim/i.test(cause)
    ? "create the claim, or see in kubectl describe pvc what its volume waits for"
    : "add nodes, lower resources.requests or look at podTemplate";

function containerTrouble(status: V1ContainerStatus): Trouble | undefined {
  const waiting = status.state?.waiting;
  if (waiting?.reason && imageReasons.has(waiting.reason)) {
    return {
      reason: "ImagePullFailed",
      message: `the image ${status.image} of the container ${status.name} cannot be pulled: check images.server, version and images.pullSecrets`,
    };
  }
  if (waiting?.reason && configurationReasons.has(waiting.reason)) {
    return { reason: waiting.reason, message: waiting.message ?? `the container ${status.name} cannot be created` };
  }
  const ended = status.lastState?.terminated ?? status.state?.terminated;
  if (status.ready || !ended) return undefined;
  if (ended.reason === "OOMKilled") {
    return {
      reason: "OutOfMemory",
      message: `the container ${status.name} used more memory than its limit: raise resources.limits.memory`,
    };
  }
  if (ended.exitCode === 0) return undefined;
  return {
    reason: "CrashLooping",
    message: `the container ${status.name} exits with code ${ended.exitCode}${quoted(lastWords(ended.message))}: see kubectl logs --previous -c ${status.name}`,
  };
}

const quoted = (words: string | undefined) => (words === undefined ? "" : `, and said last "${words}"`);

const imageReasons = new Set(["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"]);
const configurationReasons = new Set(["CreateContainerConfigError", "CreateContainerError", "RunContainerError"]);
