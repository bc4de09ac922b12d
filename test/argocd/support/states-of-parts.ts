import type { Answers } from "../../operator/deployment/support/answers.ts";
import { createResource, createToken, untilCondition } from "../../operator/deployment/support/steps.ts";
import type { World } from "../../operator/deployment/support/world.ts";
import type { State } from "./states.ts";
import { serverAlone } from "./troubles.ts";

async function start(world: World): Promise<void> {
  await createToken(world);
  world.kubelet.start();
  await world.startOperator();
  await createResource(world, "team");
}

const answering = (answers: Partial<Answers>, ready: string, degraded: boolean) => async (world: World) => {
  Object.assign(world.answers, answers);
  await start(world);
  await untilCondition(world, "team", "Reconciling", { status: "False" }, 30_000);
  if (degraded) await untilCondition(world, "team", "Degraded", { status: "True" }, 40_000);
  await untilCondition(world, "team", "Ready", { status: "False", reason: ready }, 30_000);
};

const lasting = {
  argo: "Degraded",
  kstatus: "InProgress",
  because: "kstatus waits for what may recover, up to the time-out of its caller; Argo CD has none",
} as const;

const passing = { argo: "Progressing", kstatus: "InProgress" } as const;

const queue = { usable: true, pending: 0, limit: 10_000 };

/** What the parts say of themselves. */
export const partStates: readonly State[] = [
  {
    name: "server_starts",
    ready: "PodsNotReady",
    ...passing,
    bringAbout: async (world) => {
      await world.kubelet.report(() => undefined);
      await start(world);
      await untilCondition(world, "team", "Ready", { status: "False", reason: "PodsNotReady" });
      await untilCondition(world, "team", "Progressing", { status: "True" });
    },
  },
  {
    name: "bridge_starts",
    ready: "PodNotReady",
    ...passing,
    bringAbout: async (world) => {
      await world.kubelet.report(serverAlone);
      await start(world);
      await untilCondition(world, "team", "Ready", { status: "False", reason: "PodNotReady" }, 80_000);
    },
  },
  { name: "not_asked", ready: "NotYetKnown", ...passing, bringAbout: answering({ server: "hanging" }, "NotYetKnown", false) },
  {
    name: "bridge_does_not_answer",
    ready: "BridgeNotAnswering",
    ...passing,
    bringAbout: answering({ bridge: "silent" }, "BridgeNotAnswering", false),
  },
  {
    name: "queue_nearly_full",
    ready: "QueueNearlyFull",
    ...passing,
    bringAbout: answering({ queue: { ...queue, pending: 9_500 } }, "QueueNearlyFull", false),
  },
  {
    name: "queue_full",
    ready: "QueueFull",
    ...lasting,
    bringAbout: answering({ queue: { ...queue, pending: 10_000 } }, "QueueFull", true),
  },
  {
    name: "queue_unusable",
    ready: "QueueUnusable",
    ...lasting,
    bringAbout: answering({ queue: { ...queue, usable: false, error: "disk is full" } }, "QueueUnusable", true),
  },
  {
    name: "telegram_unreachable",
    ready: "TelegramUnreachable",
    ...lasting,
    bringAbout: answering(
      { telegram: { reachable: false, error: "401 Unauthorized" } },
      "TelegramUnreachable",
      true,
    ),
  },
  {
    name: "handshake_refused",
    ready: "HandshakeRefused",
    ...lasting,
    bringAbout: answering({ server: "refusing" }, "HandshakeRefused", true),
  },
  {
    name: "handshake_invalid",
    ready: "HandshakeInvalid",
    ...lasting,
    bringAbout: answering({ server: "talking nonsense" }, "HandshakeInvalid", true),
  },
  {
    name: "service_unreachable",
    ready: "ServiceUnreachable",
    ...lasting,
    bringAbout: answering({ server: "silent" }, "ServiceUnreachable", true),
  },
];
