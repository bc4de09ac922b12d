import type { PodReport } from "../../operator/deployment/support/kubelet.ts";
import { createResource, createToken } from "../../operator/deployment/support/steps.ts";
import type { State } from "./states.ts";
import { until } from "./steps.ts";
import { endedBy, unschedulable, waitingFor } from "./troubles.ts";

const failed = (name: string, ready: string, report: PodReport): State => ({
  name,
  ready,
  argo: "Degraded",
  kstatus: "Failed",
  bringAbout: async (world) => {
    await createToken(world);
    await world.kubelet.report(report);
    world.kubelet.start();
    await world.startOperator();
    await createResource(world, "team");
    await until(world, "Stalled", { status: "True", reason: ready });
  },
});

const couldNot = (what: string) => `failed to ${what}`;

/** States in which pods cannot run. */
export const podStates: readonly State[] = [
  failed("unschedulable", "Unschedulable", unschedulable),
  failed("image_pull_failed", "ImagePullFailed", waitingFor("ImagePullBackOff", "Back-off pulling image")),
  failed(
    "container_config_error",
    "CreateContainerConfigError",
    waitingFor("CreateContainerConfigError", 'secret "extras" not found'),
  ),
  failed("container_error", "CreateContainerError", waitingFor("CreateContainerError", couldNot("create container"))),
  failed("container_start_error", "RunContainerError", waitingFor("RunContainerError", couldNot("start container"))),
  failed("out_of_memory", "OutOfMemory", endedBy("OOMKilled", 137)),
  failed("crash_looping", "CrashLooping", endedBy("Error", 78)),
];
