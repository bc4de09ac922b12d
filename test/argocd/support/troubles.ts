import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { type PodReport, running } from "../../operator/deployment/support/kubelet.ts";

type Container = { readonly name: string; readonly image: string };

/** A pod whose container waits or has ended, as a kubelet reports it. */
const withContainer =
  (state: object): PodReport =>
  (pod) => ({
    phase: "Pending",
    conditions: [
      { type: "PodScheduled", status: "True" },
      { type: "Ready", status: "False" },
    ],
    containerStatuses: (pod.spec as { containers: Container[] }).containers.map(({ name, image }) => ({
      name,
      image,
      imageID: "",
      ready: false,
      restartCount: 1,
      ...state,
    })),
  });

export const waitingFor = (reason: string, message: string) =>
  withContainer({ state: { waiting: { reason, message } } });

const backingOff = { waiting: { reason: "CrashLoopBackOff" } };

export const endedBy = (reason: string, exitCode: number, message?: string) =>
  withContainer({ state: backingOff, lastState: { terminated: { reason, exitCode, ...(message && { message }) } } });

/** The scheduler has not found a node for a while. */
export const unschedulable: PodReport = () => ({
  phase: "Pending",
  conditions: [
    {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message: "0/3 nodes are available: 3 Insufficient memory.",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    },
  ],
});

export const isBridge = ({ metadata }: KubernetesObject) =>
  metadata.labels?.["app.kubernetes.io/component"] === "bridge";

/** A pod whose container runs and is not ready yet. */
export const starting = withContainer({ state: { running: { startedAt: "2026-01-01T00:00:00Z" } } });

/** One server pod becomes ready later than the others. */
export function allButOneServer(): PodReport {
  const up = new Set<string | undefined>();
  return (pod) => {
    if (!isBridge(pod) && up.size < 2) up.add(pod.metadata.name);
    return isBridge(pod) || up.has(pod.metadata.name) ? running(pod) : undefined;
  };
}
