import type { Blueprint } from "../blueprint.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import type { Cluster } from "../cache/cluster.ts";
import { ownChild } from "../cache/own-child.ts";
import { namesOf } from "../names.ts";
import type { ProbeSchedule } from "../probing/probe-schedule.ts";
import { statefulSets } from "../resource-types.ts";
import { isSettled } from "../status/progress.ts";
import { type MetricsResult, type MetricsTarget, metricsTarget } from "./analysis/probe.ts";
import { entryOf, type Facts, servingTrack } from "./facts.ts";
import type { PlannedServers } from "./plan.ts";
import { type PreviewResult, type PreviewTarget, previewTarget } from "./preview-probe.ts";
import type { Rollout } from "./rollout.ts";
import { deploymentOf } from "./tracks.ts";

export type Trials = {
  /** Asks versions before clients reach them. */
  readonly previews: Pick<ProbeSchedule<PreviewTarget, PreviewResult>, "result" | "track" | "forget">;
  /** Reads the metrics of these, and of those that could still give way. */
  readonly measures: Pick<ProbeSchedule<MetricsTarget, MetricsResult>, "result" | "track" | "forget">;
};

type Trial = { readonly facts: Facts; readonly blueprint: Blueprint; readonly rollout: Rollout };

/** From now on the versions are asked that have to be. Pods that start answer nothing yet, and that says nothing about them. */
export function tryVersions(
  { previews, measures, cluster }: Trials & { readonly cluster: Cluster },
  resource: CachedResource,
  { facts, blueprint, rollout }: Trial,
): void {
  const { uid, namespace, name } = resource;
  const [serving, beside] = rollout.servers;
  const isUp = ({ track, template }: PlannedServers) =>
    facts.sides[track]?.template === template && facts.sides[track].settled;
  const attemptOf = ({ revision }: PlannedServers) => `${revision} ${entryOf(facts.state, revision)?.since}`;
  const tried = rollout.isPreviewed && beside && isUp(beside) ? beside : undefined;
  if (tried) previews.track(previewTarget(blueprint, { template: tried.template, attempt: attemptOf(tried) }));
  else previews.forget(uid);
  const measured =
    tried ?? (mayReturn(facts) && isUp(serving) && bridgeFollowed(cluster, resource, rollout) ? serving : undefined);
  const target =
    measured &&
    metricsTarget(
      {
        ...{ namespace, name, uid, template: measured.template, attempt: attemptOf(measured) },
        deployment: deploymentOf(name, measured.track),
      },
      facts.spec.analysis,
    );
  if (target) measures.track(target);
  else measures.forget(uid);
}

/** Clients have just got this version, and the pods of the one before are still there. */
const mayReturn = ({ spec, state }: Facts): boolean =>
  spec.onFailure === "Rollback" &&
  state.target === undefined &&
  state.track === servingTrack(state) &&
  entryOf(state, state.previous)?.outcome === "Previous";

/** The bridge is replaced after the switch: calls wait for it, and that is no fault of the servers. */
function bridgeFollowed(cluster: Cluster, resource: CachedResource, { bridgeImage }: Rollout): boolean {
  const bridge = ownChild(cluster, resource, statefulSets, namesOf(resource.name).bridge)?.state.workload;
  return bridge !== undefined && bridge.image === bridgeImage && isSettled(bridge);
}
