import type { OperatorConfig } from "./config.ts";
import { fieldManager } from "./deployment/names.ts";
import type { Client } from "./runtime/client.ts";
import type { Clock } from "./runtime/clock.ts";
import { LeaderElection } from "./runtime/leader-election.ts";
import type { Logger } from "./runtime/logger.ts";
import type { Metrics } from "./runtime/metrics.ts";
import { Rivals } from "./runtime/rivals.ts";

const nameLabel = "app.kubernetes.io/name";
/** Annotation of each Lease: the namespaces that its holder serves, "*" for all. */
const scopeAnnotation = "cctelegram.io/watch-namespaces";
const everywhere = "*";

/** A bit longer than two polls of the Leases by an operator of all namespaces. */
const noticeMs = 5_000;

export type LeadershipOptions = {
  readonly config: Pick<OperatorConfig, "POD_NAMESPACE" | "WATCH_NAMESPACES" | "LEADER_ELECTION">;
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Identity of this process. */
  readonly identity: string;
  /** Another operator started, or stopped, to serve only this namespace. */
  readonly onClaim: (namespace: string) => void;
};

/**
 * Decides who serves which namespace. An operator of all namespaces holds a Lease in its own, and waits for another such; an
 * operator of some namespaces holds one in each of them, and operators of all namespaces ignore those.
 */
export function createLeadership(options: LeadershipOptions) {
  const { config, client, clock, logger } = options;
  const { POD_NAMESPACE, WATCH_NAMESPACES, LEADER_ELECTION } = config;
  const namespaced = WATCH_NAMESPACES.length > 0;
  const own = namespaced ? WATCH_NAMESPACES : [POD_NAMESPACE];
  const rivals = new Rivals({
    client,
    clock,
    labelSelector: `${nameLabel}=${fieldManager}`,
    everywhere: { annotation: scopeAnnotation, value: everywhere },
    isOwn: (namespace, name) => LEADER_ELECTION && namespace === POD_NAMESPACE && name === fieldManager,
    onClaim: (namespace, holder) => {
      if (holder === undefined) logger.info({ namespace }, "no other operator serves this namespace any more");
      else logger.info({ namespace, holder }, "another operator serves this namespace; leaving it alone");
      options.onClaim(namespace);
    },
  });
  let election: LeaderElection | undefined;
  return {
    /** See LeaderElection.mayWrite. */
    mayWrite: () => election?.mayWrite ?? false,
    claimant: (namespace: string) => rivals.claimant(namespace),
    /** See LeaderElection.run. */
    run: (lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal) => {
      election = new LeaderElection({
        ...options,
        namespaces: LEADER_ELECTION ? own : [],
        name: fieldManager,
        marks: {
          labels: { [nameLabel]: fieldManager },
          annotations: { [scopeAnnotation]: namespaced ? WATCH_NAMESPACES.join(",") : everywhere },
        },
        ...(namespaced ? { noticeMs } : { rivals: (limit: AbortSignal) => rivals.look(limit) }),
        onStartedLeading: lead,
      });
      return election.run(signal);
    },
  };
}
