import { cctelegramDeployments, controllerRevisions } from "../../../operator/deployment/resource-types.ts";
import { running, withoutImage } from "../../operator/deployment/support/kubelet.ts";
import {
  changeSpec,
  createResource,
  createToken,
  eventually,
  readResource,
} from "../../operator/deployment/support/steps.ts";
import type { World } from "../../operator/deployment/support/world.ts";
import type { State } from "./states.ts";
import { settle, until } from "./steps.ts";

const hold = "example.com/hold";
const newer = { version: "2.0.0" };

/** A newer image that is found, but not accepted. */
async function upgradeUnaccepted(
  world: World,
  reason: string,
  found: { readonly state: "Refused" | "Unverifiable"; readonly message: string },
): Promise<void> {
  const digest = `sha256:${"a".repeat(64)}`;
  world.reviewImage = async ({ policy, reference }) =>
    reference.endsWith(":2.0.0") ? { policy, reference, ...found } : { policy, reference, state: "Found", digest };
  await settle(world, { images: { resolution: "Digest" } });
  await changeSpec(world, "team", newer);
  await until(world, "Stalled", { status: "True", reason });
}

/** States that people asked for. */
export const wishStates: readonly State[] = [
  {
    name: "not_seen",
    ready: undefined,
    argo: "Progressing",
    kstatus: "InProgress",
    bringAbout: async (world) => {
      await createResource(world, "team");
    },
  },
  { name: "ready", ready: "Ready", argo: "Healthy", kstatus: "Current", bringAbout: settle },
  {
    name: "generation_not_seen",
    ready: "Ready",
    argo: "Progressing",
    kstatus: "InProgress",
    bringAbout: async (world) => {
      await settle(world);
      await world.stopOperator();
      await changeSpec(world, "team", newer);
    },
  },
  {
    name: "upgrade",
    ready: "Ready",
    argo: "Progressing",
    kstatus: "InProgress",
    bringAbout: async (world) => {
      await settle(world);
      await world.kubelet.report((pod) =>
        pod.metadata.annotations?.["example.com/turn"] !== undefined ? undefined : running(pod),
      );
      await changeSpec(world, "team", { server: { podTemplate: { annotations: { "example.com/turn": "2" } } } });
      await until(world, "Reconciling", { status: "True" });
    },
  },
  {
    name: "upgrade_fails",
    ready: "ImagePullFailed",
    argo: "Degraded",
    kstatus: "Failed",
    bringAbout: async (world) => {
      await settle(world);
      await world.kubelet.report((pod) => (JSON.stringify(pod.spec).includes("2.0.0") ? withoutImage : running)(pod));
      await changeSpec(world, "team", newer);
      await until(world, "Stalled", { status: "True" });
    },
  },
  {
    name: "image_refused",
    ready: "ImageRefused",
    argo: "Degraded",
    kstatus: "Failed",
    bringAbout: (world) => upgradeUnaccepted(world, "ImageRefused", { state: "Refused", message: "no signature" }),
  },
  {
    name: "image_unverifiable",
    ready: "ImageUnverifiable",
    argo: "Degraded",
    kstatus: "Failed",
    bringAbout: (world) =>
      upgradeUnaccepted(world, "ImageUnverifiable", { state: "Unverifiable", message: "the registry does not answer" }),
  },
  {
    name: "version_unsupported",
    ready: "UnsupportedVersion",
    argo: "Degraded",
    kstatus: "Failed",
    bringAbout: async (world) => {
      world.settings = { ...world.settings, operatorVersion: "1.2.0" };
      await settle(world);
      await changeSpec(world, "team", newer);
      await until(world, "Stalled", { status: "True", reason: "UnsupportedVersion" });
    },
  },
  {
    name: "upgrade_takes_too_long",
    ready: "ProgressDeadlineExceeded",
    argo: "Degraded",
    kstatus: "Failed",
    bringAbout: async (world) => {
      await settle(world);
      await world.kubelet.report((pod) => (JSON.stringify(pod.spec).includes("2.0.0") ? undefined : running(pod)));
      await changeSpec(world, "team", { ...newer, rollout: { progressDeadlineSeconds: 10, onFailure: "Stop" } });
      await until(world, "Stalled", { status: "True" });
    },
  },
  {
    name: "upgrade_rolled_back",
    ready: "RolledBack",
    argo: "Degraded",
    kstatus: "Failed",
    bringAbout: async (world) => {
      await settle(world);
      await world.kubelet.report((pod) => (JSON.stringify(pod.spec).includes("2.0.0") ? undefined : running(pod)));
      await changeSpec(world, "team", { ...newer, rollout: { progressDeadlineSeconds: 10 } });
      await until(world, "Stalled", { status: "True", reason: "RolledBack" });
    },
  },
  {
    name: "revision_lost",
    ready: "RevisionLost",
    argo: "Degraded",
    kstatus: "Failed",
    bringAbout: async (world) => {
      await settle(world, { rollout: { progressDeadlineSeconds: 10 } });
      await world.kubelet.report((pod) => (JSON.stringify(pod.spec).includes("2.0.0") ? undefined : running(pod)));
      await changeSpec(world, "team", newer);
      const { status } = await until(world, "Progressing", { status: "True" });
      const name = `team-mcp-server-${status?.rollout?.revisions?.[0]?.template}`;
      await eventually(() => world.get(controllerRevisions, name));
      await world.delete(controllerRevisions, name);
      await until(world, "Stalled", { status: "True", reason: "RevisionLost" });
    },
  },
  {
    name: "paused",
    ready: "Ready",
    argo: "Suspended",
    kstatus: "Current",
    because: "kstatus has no state for a resource that a person paused",
    bringAbout: async (world) => {
      await settle(world);
      await changeSpec(world, "team", { reconciliation: "Paused" });
      await until(world, "Paused", { status: "True" });
    },
  },
  {
    name: "paused_from_the_start",
    ready: "NotCreated",
    argo: "Suspended",
    kstatus: "InProgress",
    because: "kstatus has no state for a resource that a person paused",
    bringAbout: async (world) => {
      await createToken(world);
      await world.startOperator();
      await createResource(world, "team", { reconciliation: "Paused" });
      await until(world, "Paused", { status: "True" });
    },
  },
  {
    name: "paused_in_trouble",
    ready: "ImagePullFailed",
    argo: "Suspended",
    kstatus: "Failed",
    because: "The pause has to end first; the message says what else is wrong",
    bringAbout: async (world) => {
      await settle(world);
      await changeSpec(world, "team", { reconciliation: "Paused" });
      await until(world, "Paused", { status: "True" });
      await world.kubelet.report(withoutImage);
      await until(world, "Stalled", { status: "True" });
      await until(world, "Ready", { status: "False" });
    },
  },
  {
    name: "scaled_to_zero",
    ready: "ScaledToZero",
    argo: "Suspended",
    kstatus: "InProgress",
    because: "kstatus has no state for a server that a person stopped, and waits for it",
    bringAbout: async (world) => {
      await settle(world);
      await changeSpec(world, "team", { server: { replicas: 0 } });
      await until(world, "Ready", { status: "False", reason: "ScaledToZero" });
      await until(world, "Reconciling", { status: "False" });
    },
  },
  {
    name: "deleting",
    ready: "Ready",
    argo: "Progressing",
    kstatus: "Terminating",
    bringAbout: async (world) => {
      await settle(world);
      // A finalizer holds it, as a deletion in the foreground does until the children are gone.
      await world.patch(cctelegramDeployments, "team", { metadata: { finalizers: [hold] } });
      await world.delete(cctelegramDeployments, "team");
      await readResource(world, "team");
    },
  },
];

/** Removes the finalizer. */
export const release = (world: World) =>
  world.patch(cctelegramDeployments, "team", { metadata: { finalizers: null } }).catch(() => undefined);
