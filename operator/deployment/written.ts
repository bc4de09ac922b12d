import type { DryRunChange } from "../api/dry-run.ts";
import type { DeploymentStatus } from "../api/status.ts";
import type { Blueprint } from "./blueprint.ts";
import type { CachedResource } from "./cache/cached-objects.ts";
import { ownChild } from "./cache/own-child.ts";
import { converge } from "./convergence.ts";
import { namesOf } from "./names.ts";
import { isDryRun } from "./pausing/pausing.ts";
import type { ReconcileParts } from "./reconcile-parts.ts";
import { deployments } from "./resource-types.ts";
import { backupOf } from "./rollout/backups.ts";
import {
  imaginedBlueprint,
  type Parts as RolloutParts,
  rolloutStep,
  type Standing,
  statusOf as statusOfRollout,
} from "./rollout/step.ts";
import { storeStatus } from "./status/writer.ts";

/** What became of the children. */
type Written = {
  readonly blueprint: Blueprint;
  /** The resource with the status that is stored by now. */
  readonly known: CachedResource;
  readonly rollout: CachedResource["status"]["rollout"];
  /** The backup that an upgrade waits for. */
  readonly backup?: Standing["backup"];
  /** The workloads of which a change waits for a maintenance window. */
  readonly waiting: readonly string[];
  readonly failures: readonly unknown[];
  /** What would be changed. */
  readonly changes?: readonly DryRunChange[] | undefined;
  readonly lookAgainMs?: number | undefined;
};

/** Writes the children; servers as far as the rollout has come. */
export async function write(parts: ReconcileParts, resource: CachedResource, asked: Blueprint): Promise<Written> {
  parts.dryRun.forget(resource.uid);
  if (asked.holdsWorkloads && isNew(parts, resource)) {
    const converged = await converge(parts, resource, asked);
    return { ...converged, blueprint: asked, known: resource, rollout: undefined };
  }
  const { standing, failures: undecided } = await standingOf(parts, resource, asked);
  if (standing === undefined) return { ...unwritten(resource, asked), failures: undecided };
  const { blueprint, state, backup, known, lookAgainMs, waits } = standing;
  const { failures, waiting } = await converge(parts, resource, blueprint);
  return {
    ...{ blueprint, backup, failures, lookAgainMs },
    known: { ...resource, status: known },
    rollout: statusOfRollout(state),
    waiting: [...new Set([...(waits ? ["MCP server"] : []), ...waiting])],
  };
}

/** There are no servers yet, and so no revision of them. */
const isNew = ({ cluster }: ReconcileParts, resource: CachedResource) =>
  (resource.status.rollout?.revisions ?? []).length === 0 &&
  ownChild(cluster, resource, deployments, namesOf(resource.name).server) === undefined;

/** Where the rollout stands. Nothing is written when that cannot be found out. */
async function standingOf(
  parts: ReconcileParts,
  resource: CachedResource,
  asked: Blueprint,
): Promise<{ readonly standing?: Standing; readonly failures: readonly unknown[] }> {
  try {
    const store = (status: DeploymentStatus) => storeStatus(parts, resource, status);
    const backup: RolloutParts["backup"] = (facts) => backupOf(parts, resource, facts);
    return { standing: await rolloutStep({ ...parts, store, backup }, resource, asked), failures: [] };
  } catch (error) {
    return { failures: [error] };
  }
}

const unwritten = (resource: CachedResource, blueprint: Blueprint): Written => ({
  ...{ blueprint, known: resource, rollout: resource.status.rollout, waiting: [], failures: [] },
});

/** Nothing is written; with DryRun the status says what would be, a rollout's next step included. */
export async function leave(parts: ReconcileParts, resource: CachedResource, asked: Blueprint): Promise<Written> {
  const left = unwritten(resource, asked);
  if (!isDryRun(resource.spec)) return left;
  const imagined = await imaginedBlueprint(parts, resource, asked);
  return { ...left, ...(await parts.dryRun.preview(resource, imagined)) };
}
