import { Gauge, type Registry } from "prom-client";
import { metricNames } from "../../../contract/metric-names.ts";
import type { ObjectKey } from "../../runtime/controller.ts";
import { overdueRotation, type SecretsSnapshot } from "./problems.ts";

export type SecretMetrics = ReturnType<typeof createSecretMetrics>;

/** What the alert on rotations is made of: by the labels of the resource. */
export function createSecretMetrics(registry: Registry) {
  const overdue = new Gauge({
    name: metricNames.rotationOverdue,
    help: "1 while a value that the operator makes for the resource is a day older than its schedule allows, else 0; absent without a schedule.",
    labelNames: ["namespace", "cctelegram"] as const,
    registers: [registry],
  });
  const labelsOf = ({ namespace, name: cctelegram }: ObjectKey) => ({ namespace, cctelegram });
  return {
    report: (key: ObjectKey, secrets: SecretsSnapshot | undefined) => {
      const isScheduled = secrets?.ages.some(({ rotates }) => rotates !== undefined) ?? false;
      if (secrets === undefined || !isScheduled) overdue.remove(labelsOf(key));
      else overdue.set(labelsOf(key), overdueRotation(secrets) === undefined ? 0 : 1);
    },
    forget: (key: ObjectKey) => overdue.remove(labelsOf(key)),
  };
}
