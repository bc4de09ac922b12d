import type { DeploymentStatus } from "../../api/status.ts";
import type { EventRecorder } from "../../runtime/event-recorder.ts";
import type { Blueprint } from "../blueprint.ts";
import type { CachedResource } from "../cached-objects.ts";
import type { Cluster } from "../cluster.ts";
import { serverPods } from "../desired/server-deployment.ts";
import { ownChild } from "../own-child.ts";
import type { ProbeResult, Target } from "../parts-probe.ts";
import type { ProbeSchedule } from "../probe-schedule.ts";
import { regarding } from "../regarding.ts";
import { deployments } from "../resource-types.ts";
import { decide, isUrgent } from "./decision.ts";
import { entryOf, type Facts, type State, servingTrack } from "./facts.ts";
import { factsOf } from "./gather.ts";
import { type PlannedServers, planOf } from "./plan.ts";
import { type PreviewResult, type PreviewTarget, previewTarget } from "./preview-probe.ts";
import type { Revisions } from "./revisions.ts";
import type { PlannedDeployment, Rollout } from "./rollout.ts";
import { differences, hashOf, revisionIn, type Template } from "./template.ts";
import { deploymentOf } from "./tracks.ts";

type Parts = {
  readonly cluster: Cluster;
  readonly revisions: Revisions;
  readonly probes: Pick<ProbeSchedule<Target, ProbeResult>, "result">;
  readonly previews: ProbeSchedule<PreviewTarget, PreviewResult>;
  readonly recorder: EventRecorder;
  readonly now: () => number;
  /** Stores a state before anything is done about it. */
  readonly store: (status: DeploymentStatus) => Promise<void>;
};

/** The rollout of a resource as it stands now. */
export type Standing = {
  readonly blueprint: Blueprint;
  readonly state: State;
  /** The status, as it is stored now. */
  readonly known: DeploymentStatus;
  readonly lookAgainMs: number | undefined;
};

/** Decides what is rolled out, and prepares what has to be written for it. */
export async function rolloutStep(parts: Parts, resource: CachedResource, blueprint: Blueprint): Promise<Standing> {
  const seen = factsOf(resource, {
    ...parts,
    blueprint,
    probe: parts.probes.result(resource.uid),
    preview: parts.previews.result(resource.uid),
    changes: "",
    now: parts.now(),
  });
  const facts = { ...seen, changes: await changesIn(parts, seen, blueprint) };
  const { state, notes, lookAgainMs } = decide(facts);
  const stored: DeploymentStatus = { ...resource.status, rollout: statusOf(state) };
  const urgent = isUrgent(facts.state, state);
  if (urgent) {
    await keepTemplates(parts, facts, state, blueprint);
    await parts.store(stored);
  }
  for (const note of notes) parts.recorder.record(regarding(resource), note);
  await forgetTemplates(parts, facts, state, blueprint);
  const plan = planOf({ ...facts, state });
  const [serving, beside] = await Promise.all(
    [plan.serving, plan.beside].map((servers) => servers && prepared(parts, resource, servers, blueprint)),
  );
  if (serving === undefined) throw new Error("a plan has servers that clients reach");
  const rollout: Rollout = { ...plan, servers: beside === undefined ? [serving] : [serving, beside] };
  if (plan.isPreviewed && beside !== undefined) parts.previews.track(previewTarget(blueprint, beside.template));
  else parts.previews.forget(resource.uid);
  return { blueprint: { ...blueprint, rollout }, state, known: urgent ? stored : resource.status, lookAgainMs };
}

/** As the status stores it. */
export const statusOf = (state: State): NonNullable<DeploymentStatus["rollout"]> => ({
  ...state,
  revisions: [...state.revisions],
});

/** What the spec changes; empty while it changes nothing. */
async function changesIn({ revisions }: Parts, facts: Facts, blueprint: Blueprint): Promise<string> {
  const { state, wanted } = facts;
  const current = entryOf(state, state.target ?? state.revision);
  const isNews = current !== undefined && current.template !== wanted.template && state.rejected?.key !== wanted.key;
  if (!isNews) return firstChanges(facts, blueprint, revisions);
  return changesFrom(revisions, facts, blueprint);
}

/** Pods of before there were revisions. */
async function firstChanges(facts: Facts, blueprint: Blueprint, revisions: Revisions): Promise<string> {
  const side = facts.sides[facts.serviceTrack ?? "blue"];
  const differs = facts.state.revisions.length === 0 && side !== undefined && side.template !== facts.wanted.template;
  return differs ? changesFrom(revisions, facts, blueprint) : "";
}

async function changesFrom(revisions: Revisions, { state }: Facts, blueprint: Blueprint): Promise<string> {
  const before = await revisions.applied(blueprint, servingTrack(state));
  return before === undefined ? "" : differences(before, serverPods(blueprint));
}

/** Before a template is replaced: that of the servers that run, and the one that comes, which may soon be a former one, too. */
async function keepTemplates({ revisions }: Parts, facts: Facts, state: State, blueprint: Blueprint): Promise<void> {
  const started = entryOf(state, state.target);
  if (started === undefined || state.target === facts.state.target) return;
  const present = entryOf(state, state.revision);
  const applied = present && (await revisions.applied(blueprint, servingTrack(facts.state)));
  if (present && applied && hashOf(applied) === present.template)
    await revisions.keep(blueprint, present.template, applied, present.revision);
  const wanted = serverPods(blueprint);
  if (hashOf(wanted) === started.template)
    await revisions.keep(blueprint, started.template, revisionIn(wanted), started.revision);
}

async function forgetTemplates({ revisions }: Parts, facts: Facts, state: State, blueprint: Blueprint): Promise<void> {
  const kept = new Set(state.revisions.map(({ template }) => template));
  const dropped = facts.state.revisions.filter(({ template }) => !kept.has(template));
  await Promise.all(dropped.map(({ template }) => revisions.forget(blueprint, template)));
}

async function prepared(
  { revisions, cluster }: Parts,
  resource: CachedResource,
  servers: PlannedServers,
  blueprint: Blueprint,
): Promise<PlannedDeployment> {
  const wanted = serverPods(blueprint);
  const isWanted = hashOf(wanted) === servers.template;
  const pods: Template | undefined = isWanted ? wanted : await revisions.template(blueprint, servers.template);
  return { ...servers, pods, replicas: replicasOf(resource, servers, cluster, blueprint) };
}

/** Servers beside are as many as those that clients reach: they have to stand their load at once. */
function replicasOf(
  resource: CachedResource,
  { track }: PlannedServers,
  cluster: Cluster,
  { serverReplicas }: Blueprint,
): number | undefined {
  const serving = resource.status.rollout?.track ?? "blue";
  if (track === serving) return serverReplicas;
  const live = ownChild(cluster, resource, deployments, deploymentOf(resource.name, serving))?.state.workload;
  return live?.replicas ?? serverReplicas;
}
