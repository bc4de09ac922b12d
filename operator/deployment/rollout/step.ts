import type { DeploymentStatus } from "../../api/status.ts";
import type { EventRecorder } from "../../runtime/event-recorder.ts";
import type { Blueprint } from "../blueprint.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import type { Cluster } from "../cache/cluster.ts";
import { ownChild } from "../cache/own-child.ts";
import { serverPods } from "../desired/server-deployment.ts";
import type { ProbeResult, Target } from "../probing/parts-probe.ts";
import type { ProbeSchedule } from "../probing/probe-schedule.ts";
import { regarding } from "../regarding.ts";
import { deployments } from "../resource-types.ts";
import type { Settings } from "../settings.ts";
import { type Decision, decide, isUrgent } from "./decision.ts";
import { type Backup, entryOf, type Facts, type State, servingTrack, waitsForWindow } from "./facts.ts";
import { factsOf, type Wanted } from "./gather.ts";
import { type PlannedServers, planOf } from "./plan.ts";
import type { Revisions } from "./revisions.ts";
import type { PlannedDeployment, Rollout } from "./rollout.ts";
import { differences, hashOf, revisionIn, type Template } from "./template.ts";
import { deploymentOf, otherTrack, type Track } from "./tracks.ts";
import { type Trials, tryVersions } from "./trials.ts";

export type Parts = Trials & {
  readonly cluster: Cluster;
  readonly revisions: Pick<Revisions, "template" | "applied" | "keep" | "forget">;
  /** The backup that a rollout waits for, as it stands or just asked for. */
  readonly backup: (facts: Facts) => Promise<Backup | undefined>;
  readonly settings: Pick<Settings, "lingerMs">;
  readonly probes: Pick<ProbeSchedule<Target, ProbeResult>, "result">;
  readonly recorder: Pick<EventRecorder, "record">;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Stores a status before anything is done about it. */
  readonly store: (status: DeploymentStatus) => Promise<void>;
};

/** The rollout of a resource as it stands now. */
export type Standing = {
  readonly blueprint: Blueprint;
  readonly state: State;
  /** The backup that an upgrade waits for. */
  readonly backup: Backup | undefined;
  /** The status, as it is stored now. */
  readonly known: DeploymentStatus;
  readonly lookAgainMs: number | undefined;
  /** A new version waits for a maintenance window. */
  readonly waits: boolean;
};

/** Decides what is rolled out, and prepares what has to be written for it. */
export async function rolloutStep(parts: Parts, resource: CachedResource, blueprint: Blueprint): Promise<Standing> {
  const pods = serverPods(blueprint);
  const wanted: Wanted = { pods, template: hashOf(pods) };
  const { uid } = resource;
  const results = {
    probe: parts.probes.result(uid),
    preview: parts.previews.result(uid),
    measured: parts.measures.result(uid),
  };
  const seen = factsOf(resource, { ...parts, ...results, blueprint, wanted, now: parts.now() });
  const changes = await changesIn(parts, resource, seen, wanted);
  const facts = { ...seen, changes, isUndoLost: await isUndoLost(parts, seen, blueprint) };
  const { state, notes, lookAgainMs, backup } = await decided(parts, facts);
  const known = await stored(parts, resource, { facts, state, blueprint, wanted });
  for (const note of notes) parts.recorder.record(regarding(resource), note);
  const rollout = await preparedRollout(parts, resource, { facts: { ...facts, state }, blueprint, wanted });
  tryVersions(parts, resource, { facts: { ...facts, state }, blueprint, rollout });
  return {
    blueprint: { ...blueprint, rollout },
    ...{ state, backup, known, lookAgainMs },
    waits: waitsForWindow({ ...facts, state }),
  };
}

/** A version that has to wait for its backup asks for it at once: nothing else would bring the operator here again. */
async function decided(parts: Parts, facts: Facts): Promise<Decision & { readonly backup: Backup | undefined }> {
  const first = decide(facts);
  const backup = await parts.backup({ ...facts, state: first.state });
  if (backup === undefined) return { ...first, backup };
  const then = decide({ ...facts, state: first.state, backup });
  return { ...then, notes: [...first.notes, ...then.notes], backup };
}

/** The same without any effect: what would be written. */
export async function imaginedBlueprint(
  parts: Omit<Parts, "backup" | "store">,
  resource: CachedResource,
  blueprint: Blueprint,
): Promise<Blueprint> {
  const { revisions, previews, measures } = parts;
  const nothing = async () => undefined;
  const imagined: Parts = {
    ...parts,
    revisions: {
      template: (...args) => revisions.template(...args),
      applied: (...args) => revisions.applied(...args),
      keep: nothing,
      forget: nothing,
    },
    previews: { result: (uid) => previews.result(uid), track: nothing, forget: nothing },
    measures: { result: (uid) => measures.result(uid), track: nothing, forget: nothing },
    recorder: { record: nothing },
    backup: nothing,
    store: nothing,
  };
  const { rollout, ...rest } = (await rolloutStep(imagined, resource, blueprint)).blueprint;
  // What comes of it in the end: the bridge follows once the servers of its version are good.
  return { ...rest, rollout: rollout && { ...rollout, bridgeImage: blueprint.image } };
}

/** As the status stores it. */
export const statusOf = (state: State): NonNullable<DeploymentStatus["rollout"]> => ({
  ...state,
  revisions: [...state.revisions],
});

/** What the spec, or another version of the operator, changes; empty while nothing does. */
async function changesIn(
  { revisions }: Parts,
  { namespace, name, generation, status }: CachedResource,
  { state, sides, wanted, serviceTrack }: Facts,
  { pods }: Wanted,
): Promise<string> {
  const track = state.revisions.length === 0 ? (serviceTrack ?? "blue") : servingTrack(state);
  const current = entryOf(state, state.target ?? state.revision) ?? sides[track];
  const isNews = current !== undefined && current.template !== wanted.template && state.rejected?.key !== wanted.key;
  if (!isNews) return "";
  const before = await revisions.applied(deployments, namespace, deploymentOf(name, track));
  const found = before === undefined ? "" : differences(before, pods);
  const isOwn = found !== "" && status.observedGeneration === generation;
  return found + (isOwn ? ", by the operator's own version or settings" : "");
}

/** Asked for once, when the wish is new. */
async function isUndoLost(
  { revisions }: Parts,
  { state, undo, wanted }: Facts,
  blueprint: Blueprint,
): Promise<boolean> {
  const asked = undo === state.undone ? undefined : state.revisions.find(({ revision }) => `${revision}` === undo);
  if (asked === undefined || asked.template === wanted.template || asked.revision === state.revision) return false;
  return (await revisions.template(blueprint, asked.template)) === undefined;
}

type Change = {
  readonly facts: Facts;
  readonly state: State;
  readonly blueprint: Blueprint;
  readonly wanted: Wanted;
};

/** Templates first, then the decision: after a crash each has what it needs. */
async function stored(parts: Parts, resource: CachedResource, change: Change): Promise<DeploymentStatus> {
  const { facts, state, blueprint } = change;
  if (!isUrgent(facts.state, state)) return resource.status;
  await keepTemplates(parts, change);
  const status: DeploymentStatus = { ...resource.status, rollout: statusOf(state) };
  await parts.store(status);
  const kept = new Set(state.revisions.map(({ template }) => template));
  const dropped = facts.state.revisions.filter(({ template }) => !kept.has(template));
  await Promise.all(dropped.map(({ template }) => parts.revisions.forget(blueprint, template)));
  return status;
}

/** Of the servers that run, good or not, and of those that come, which may soon be former ones, too. */
async function keepTemplates({ revisions }: Parts, { facts, state, blueprint, wanted }: Change): Promise<void> {
  const started = entryOf(state, state.target);
  if (started === undefined || state.target === facts.state.target) return;
  const present = entryOf(state, state.revision ?? facts.state.target);
  const deployment = deploymentOf(blueprint.name, servingTrack(state));
  const applied = present && (await revisions.applied(deployments, blueprint.namespace, deployment));
  if (present && applied && hashOf(applied) === present.template)
    await revisions.keep(blueprint, present.template, applied, present.revision);
  if (wanted.template === started.template)
    await revisions.keep(blueprint, started.template, revisionIn(wanted.pods), started.revision);
}

type Planned = { readonly facts: Facts; readonly blueprint: Blueprint; readonly wanted: Wanted };

async function preparedRollout(parts: Parts, resource: CachedResource, planned: Planned): Promise<Rollout> {
  const plan = planOf(planned.facts);
  const prepare = (servers: PlannedServers) => prepared(parts, resource, servers, planned);
  const serving = await prepare(plan.serving);
  const beside = plan.beside && (await prepare(plan.beside));
  return { ...plan, present: planned.wanted.pods, servers: beside === undefined ? [serving] : [serving, beside] };
}

async function prepared(
  { revisions, cluster }: Parts,
  resource: CachedResource,
  servers: PlannedServers,
  { blueprint, wanted }: Planned,
): Promise<PlannedDeployment> {
  const isWanted = wanted.template === servers.template;
  const pods = isWanted ? wanted.pods : await templateOf(revisions, blueprint, servers);
  return { ...servers, pods, replicas: replicasOf(resource, servers.track, cluster, blueprint) };
}

/** A kept template, or one that is still in place on either track. */
async function templateOf(
  revisions: Parts["revisions"],
  blueprint: Blueprint,
  { template, track }: PlannedServers,
): Promise<Template | undefined> {
  const kept = await revisions.template(blueprint, template);
  if (kept !== undefined) return kept;
  for (const place of [track, otherTrack(track)]) {
    const applied = await revisions.applied(deployments, blueprint.namespace, deploymentOf(blueprint.name, place));
    if (applied !== undefined && hashOf(applied) === template) return applied;
  }
  return undefined;
}

/** Servers beside are as many as those that clients reach: they have to stand their load at once. */
function replicasOf(
  resource: CachedResource,
  track: Track,
  cluster: Cluster,
  { serverReplicas }: Blueprint,
): number | undefined {
  const serving = resource.status.rollout?.track ?? "blue";
  if (track === serving) return serverReplicas;
  const live = ownChild(cluster, resource, deployments, deploymentOf(resource.name, serving))?.state.workload;
  return live?.replicas ?? serverReplicas;
}
