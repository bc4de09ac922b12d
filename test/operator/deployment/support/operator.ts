import { randomBytes, randomUUID } from "node:crypto";
import { addBackupControllers } from "../../../../operator/backup/controller.ts";
import { addDeploymentController, type DeploymentControllerParts } from "../../../../operator/deployment/controller.ts";
import { reconcileAnnotation } from "../../../../operator/deployment/names.ts";
import type { Client } from "../../../../operator/runtime/client.ts";
import { EventRecorder } from "../../../../operator/runtime/event-recorder.ts";
import type { Logger } from "../../../../operator/runtime/logger.ts";
import { Manager } from "../../../../operator/runtime/manager.ts";
import { createMetrics, type Metrics } from "../../../../operator/runtime/metrics.ts";
import { realClock } from "../../runtime/api-server.ts";

export type OperatorParts = Pick<DeploymentControllerParts, "fetch" | "lookFromOutside" | "settings" | "claimant"> & {
  /** Default: no registry answers. */
  readonly reviewImage?: DeploymentControllerParts["reviewImage"];
  readonly client: Client;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  readonly clock?: DeploymentControllerParts["clock"];
  readonly instance: string;
  readonly watchNamespaces?: readonly string[];
  readonly signal: AbortSignal;
};

/** The operator as `operator/main.ts` puts it together, without processes, ports and the election. */
export function startOperator({ instance, watchNamespaces = [], signal, ...parts }: OperatorParts) {
  const common = { metrics: createMetrics(), clock: realClock, random: Math.random, ...parts };
  const events = new EventRecorder({
    ...common,
    reportingController: "cctelegram.io/cctelegram-operator",
    reportingInstance: instance,
    reconcileAnnotation,
  });
  const manager = new Manager({ ...common, newId: randomUUID, events, namespaces: watchNamespaces });
  const { reconsider, stop } = addDeploymentController(manager, {
    reviewImage: async ({ policy, reference }) => ({
      policy,
      reference,
      state: "Unverifiable",
      message: "no registry",
    }),
    ...common,
    events,
    generateKey: () => randomBytes(32).toString("hex"),
    concurrency: 8,
  });
  const backups = addBackupControllers(manager, { ...common, events });
  const watching = manager.watch(signal);
  return {
    reflectors: manager.reflectors,
    reconsider: (namespace: string) => {
      reconsider(namespace);
      backups.reconsider(namespace);
    },
    lead: (leading: AbortSignal) => manager.lead(leading),
    close: async () => {
      stop();
      await watching;
    },
  };
}
