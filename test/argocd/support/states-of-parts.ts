import type { Answers } from "../../operator/deployment/support/answers.ts";
import { running } from "../../operator/deployment/support/kubelet.ts";
import type { World } from "../../operator/deployment/support/world.ts";
import type { State } from "./states.ts";
import { settle, start, until } from "./steps.ts";
import { allButOneServer, isBridge, starting } from "./troubles.ts";

const answering = (answers: Partial<Answers>, ready: string, degraded: boolean) => async (world: World) => {
  Object.assign(world.answers, answers);
  await start(world);
  await until(world, "Reconciling", { status: "False" });
  if (degraded) await until(world, "Degraded", { status: "True" });
  await until(world, "Ready", { status: "False", reason: ready });
};

const lasting = {
  argo: "Degraded",
  kstatus: "InProgress",
  because: "kstatus waits for what may recover, up to the timeout of its caller; Argo CD has no timeout",
} as const;

const passing = { argo: "Progressing", kstatus: "InProgress" } as const;

const queue = { usable: true, pending: 0, limit: 10_000 };

/** States that the parts report. */
export const partStates: readonly State[] = [
  {
    name: "server_starts",
    ready: "PodsNotReady",
    ...passing,
    bringAbout: async (world) => {
      await world.kubelet.report(() => undefined);
      await start(world);
      await until(world, "Ready", { status: "False", reason: "PodsNotReady" });
      await until(world, "Progressing", { status: "True" });
    },
  },
  {
    name: "last_pod_starts",
    ready: "RollingOut",
    ...passing,
    bringAbout: async (world) => {
      await world.kubelet.report(allButOneServer());
      await start(world, { server: { replicas: 3 } });
      await until(world, "Ready", { status: "False", reason: "RollingOut" });
    },
  },
  {
    name: "bridge_restarts",
    ready: "PodNotReady",
    ...passing,
    bringAbout: async (world) => {
      await settle(world);
      await world.kubelet.report((pod) => (isBridge(pod) ? starting : running)(pod));
      await until(world, "Ready", { status: "False", reason: "PodNotReady" });
    },
  },
  {
    name: "not_asked",
    ready: "ServerNotReady",
    ...passing,
    bringAbout: async (world) => {
      await settle(world);
      await world.kubelet.report((pod) => (isBridge(pod) ? running : starting)(pod));
      await until(world, "Ready", { status: "False", reason: "PodsNotReady" });
      world.answers.server = "hanging";
      await world.kubelet.report(running);
      await until(world, "Ready", { status: "False", reason: "ServerNotReady" });
    },
  },
  {
    name: "bridge_does_not_answer",
    ready: "BridgeNotAnswering",
    ...lasting,
    bringAbout: answering({ bridge: "silent" }, "BridgeNotAnswering", true),
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
    bringAbout: answering({ telegram: { reachable: false, error: "401 Unauthorized" } }, "TelegramUnreachable", true),
  },
  {
    name: "bot_token_refused",
    ready: "BotTokenRefused",
    ...lasting,
    bringAbout: answering(
      { telegram: { reachable: false, error: "401 Unauthorized", token_refused: true } },
      "BotTokenRefused",
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
