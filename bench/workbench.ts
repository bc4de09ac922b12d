import { setTimeout as delay } from "node:timers/promises";
import type { Cluster } from "../e2e/cluster/cluster.ts";
import { fieldManager } from "../operator/deployment/names.ts";
import * as types from "../operator/deployment/resource-types.ts";
import type { Client } from "../operator/runtime/client.ts";
import { type AuditEntry, type AuditLog, isWrite } from "./audit-log.ts";
import { create } from "./fleet.ts";
import type { OperatorProcess } from "./operator-process.ts";
import type { Peer, PeerProcess } from "./peer.ts";
import type { Pods } from "./pods.ts";
import type { Report } from "./report.ts";

/** What every measure works with. */
export type Workbench = {
  readonly cluster: Cluster;
  /** As an administrator. */
  readonly client: Client;
  /** With the operator's credentials. */
  readonly operatorClient: Client;
  readonly audit: AuditLog;
  readonly report: Report;
  readonly pods: Pods;
  readonly startOperator: () => Promise<OperatorProcess>;
  readonly startPeer: (peer: Peer) => Promise<PeerProcess>;
};

/** Its look at Leases every two seconds, whatever the number of resources, is left out. */
export const ofOperator = ({ agent, resource }: AuditEntry): boolean => agent === fieldManager && resource !== "leases";

/** Our own operator, as the measures that it shares with others know it. */
export const ours = { agent: fieldManager, resources: types.cctelegramDeployments.plural, create };

/** A child that an operator has made, by its user agent. */
export const isCreationOf =
  (agent: string) =>
  (entry: AuditEntry): boolean =>
    entry.agent === agent && entry.code === 201 && entry.resource !== "events";

/** Waits until the operator has written nothing for `quietMs`, from now on: longer than pods are counted (status-pacing.ts). */
export async function settled({ audit }: Workbench, quietMs = 65_000): Promise<void> {
  const since = Date.now();
  for (;;) {
    const lastWrite = audit.entries().findLast((entry) => ofOperator(entry) && isWrite(entry) && entry.code < 400);
    const quiet = Date.now() - Math.max(since, lastWrite?.answeredAt ?? 0);
    if (quiet >= quietMs) return;
    await delay(quietMs - quiet);
  }
}

/** What the operator asked during `work`. */
export async function requestsDuring(bench: Workbench, work: () => Promise<unknown>): Promise<readonly AuditEntry[]> {
  bench.audit.clear();
  await work();
  return bench.audit.entries().filter(ofOperator);
}

export function byVerb(entries: readonly AuditEntry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verb } of entries) counts[verb] = (counts[verb] ?? 0) + 1;
  return counts;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
