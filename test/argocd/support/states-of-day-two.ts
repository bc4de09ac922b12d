import { running } from "../../operator/deployment/support/kubelet.ts";
import { changeSpec } from "../../operator/deployment/support/steps.ts";
import type { World } from "../../operator/deployment/support/world.ts";
import type { State } from "./states.ts";
import { settle, start, until } from "./steps.ts";

/** Gives pods addresses; the first server pod fails the handshake, and so do others that `fails` says. */
async function unevenServers(world: World, fails: (index: number) => boolean): Promise<void> {
  const servers: string[] = [];
  const addressOf = (pod: string) => {
    if (pod.includes("mcp-server") && !servers.includes(pod)) servers.push(pod);
    return `10.1.0.${servers.indexOf(pod) + 1}`;
  };
  await world.kubelet.report((pod) => ({ ...running(pod), podIP: addressOf(pod.metadata.name ?? "") }));
  world.answers.refusesAt = (host) => !host.startsWith("10.") || fails(Number(host.split(".").at(-1)) - 1);
}

/** What people ask of a resource that runs, and what becomes of single pods. */
export const dayTwoStates: readonly State[] = [
  {
    name: "hibernated",
    ready: "Hibernated",
    argo: "Suspended",
    kstatus: "InProgress",
    because: "kstatus has no state for a server that a person stopped, and waits for it",
    bringAbout: async (world) => {
      await settle(world);
      await changeSpec(world, "team", { activity: "Hibernated" });
      await until(world, "Hibernated", { status: "True" });
    },
  },
  {
    name: "fenced",
    ready: "BridgeFenced",
    argo: "Suspended",
    kstatus: "InProgress",
    because: "kstatus has no state for a bridge that a person fenced, and waits for it",
    bringAbout: async (world) => {
      Object.assign(world.answers, { fenced: true, telegram: { reachable: false, error: "the bridge is fenced" } });
      await start(world, { bridge: { fencing: "Fenced" } });
      await until(world, "Reconciling", { status: "False" });
      await until(world, "Ready", { status: "False", reason: "BridgeFenced" });
    },
  },
  {
    name: "waits_for_maintenance",
    ready: "Ready",
    argo: "Suspended",
    kstatus: "InProgress",
    because: "Nothing is wrong, and nothing happens until then",
    bringAbout: async (world) => {
      const schedule = `0 2 1 ${((new Date().getUTCMonth() + 6) % 12) + 1} *`;
      await settle(world, { maintenance: { windows: [{ schedule, durationMinutes: 60 }] } });
      await changeSpec(world, "team", { version: "2.0.0" });
      await until(world, "Reconciling", { status: "True", reason: "WaitingForMaintenance" });
    },
  },
  {
    name: "paused_dry_run",
    ready: "Ready",
    argo: "Suspended",
    kstatus: "Current",
    because: "kstatus has no state for a resource that a person paused",
    bringAbout: async (world) => {
      await settle(world);
      await changeSpec(world, "team", { reconciliation: "DryRun", version: "2.0.0" });
      await until(world, "Paused", { status: "True", reason: "DryRun" });
    },
  },
  {
    name: "paused_some_pods_fail",
    ready: "SomePodsFail",
    argo: "Suspended",
    kstatus: "InProgress",
    because: "The pause has to end first; the message says what else is wrong",
    bringAbout: async (world) => {
      await world.kubelet.report(() => undefined);
      await start(world, { server: { replicas: 2, auth: { clients: [] } } });
      await until(world, "Progressing", { status: "True" });
      await changeSpec(world, "team", { reconciliation: "Paused" });
      await until(world, "Paused", { status: "True" });
      await unevenServers(world, (index) => index === 0);
      await until(world, "Degraded", { status: "True", reason: "SomePodsFail" });
      await until(world, "Ready", { status: "False", reason: "SomePodsFail" });
    },
  },
  {
    name: "replaced_pods_fail_again",
    ready: "ReplacedPodsFailAgain",
    argo: "Degraded",
    kstatus: "InProgress",
    because: "kstatus waits for what may recover, up to the timeout of its caller; Argo CD has no timeout",
    bringAbout: async (world) => {
      await unevenServers(world, (index) => index !== 1);
      await start(world, { server: { replicas: 2, auth: { clients: [] } } });
      await until(world, "Degraded", { status: "True", reason: "ReplacedPodsFailAgain" });
      await until(world, "Ready", { status: "False", reason: "ReplacedPodsFailAgain" });
      await until(world, "Reconciling", { status: "False" });
    },
  },
];
