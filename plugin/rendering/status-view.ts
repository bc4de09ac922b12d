import type { Condition } from "../../operator/api/status.ts";
import { troubleOf } from "../../operator/deployment/pods/pod-trouble.ts";
import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import type { Resource } from "../cluster/resources.ts";
import { rolloutText } from "../rollout/revisions.ts";

export type Cause = {
  readonly reason: string;
  readonly message: string;
  /** Of a chain: causes of one part follow each other, from what is seen to what is to be done. */
  readonly part?: string;
};

/** ok; bad: somebody has to do something; waiting: it is on its way, not known, or as somebody wants it. */
export type State = "ok" | "bad" | "waiting";

export type PodView = {
  readonly name: string;
  readonly state: State;
  readonly phase: string;
  readonly restarts: number;
  readonly createdAt: string | undefined;
  readonly node: string | undefined;
  readonly images: readonly string[];
  readonly cause?: Cause;
};

export type PartView = {
  readonly name: string;
  readonly state: State;
  /** What there is to say while all is well, such as "3/3 ready". */
  readonly summary: string;
  readonly causes: readonly Cause[];
  readonly pods: readonly PodView[];
};

export type StatusView = {
  readonly namespace: string;
  readonly name: string;
  readonly state: State;
  readonly summary: string;
  /** Why it is not ready, causes before their consequences. */
  readonly causes: readonly Cause[];
  readonly url: string | undefined;
  readonly version: string | undefined;
  readonly parts: readonly PartView[];
};

/** Conditions that are well when they are False. */
const abnormal = new Set(["Reconciling", "Stalled", "Degraded", "Paused", "Hibernated"]);
/** Those that say something goes on, not that something is wrong. */
const passing = new Set(["Progressing", "Reconciling"]);

const partConditions = [
  { name: "MCP server", component: "mcp-server", types: ["ServerAvailable", "Verified", "Progressing"] },
  { name: "bridge", component: "bridge", types: ["BridgeAvailable", "QueueHealthy"] },
  { name: "Telegram", component: undefined, types: ["TelegramReachable", "Delivering", "Receiving"] },
  { name: "public address", component: undefined, types: ["Exposed"] },
] as const;

/** Somebody asked for it: nothing is wrong. */
const wanted = new Set(["Hibernated", "BridgeFenced", "ScaledToZero", "PausedByUser", "DryRun"]);

/** What the operator explains in its chains. */
const explained = new Set([
  ...["Ready", "ServerAvailable", "Verified", "BridgeAvailable", "QueueHealthy", "TelegramReachable"],
  ...["Degraded", "Stalled"],
]);

/** What the status command shows of a resource and its pods. */
export function statusView(resource: Resource, pods: readonly KubernetesObject[]): StatusView {
  const { metadata, status } = resource;
  const conditions = status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === "Ready");
  const causes = causesOf(resource, ready);
  const isSeen = status?.observedGeneration === metadata.generation;
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    ...judgement(ready, isSeen),
    causes,
    url: status?.url,
    version: status?.version,
    parts: [
      ...partConditions.flatMap((part) => partView(part, resource, pods)),
      ...rolloutPart(resource),
      ...remainingPart(conditions, causes),
    ],
  };
}

function judgement(ready: Condition | undefined, isSeen: boolean): { readonly state: State; readonly summary: string } {
  if (ready === undefined)
    return { state: "waiting", summary: "the operator has not looked at it yet: does one serve this namespace?" };
  if (!isSeen) return { state: "waiting", summary: "the operator has not acted on the last change yet" };
  if (ready.status === "True") return { state: "ok", summary: `Ready: ${ready.message}` };
  const state = wanted.has(ready.reason) ? "waiting" : "bad";
  return { state, summary: `not Ready: ${ready.reason}` };
}

/** The operator's chains, and what they leave out. Without them that of Ready first, because it comes before its consequences. */
function causesOf({ status }: Resource, ready: Condition | undefined): readonly Cause[] {
  if (ready === undefined || ready.status === "True") return [];
  const { conditions = [], causes: chains = [] } = status ?? {};
  const troubled = conditions.filter(
    (condition) => condition !== ready && !passing.has(condition.type) && isBad(condition),
  );
  if (chains.length === 0) return distinct([ready, ...troubled].map(causeOf));
  const others = troubled.filter(({ type }) => !explained.has(type)).map(causeOf);
  const isTold = chains.some(({ reason }) => reason === ready.reason);
  return [...(isTold ? [] : [causeOf(ready)]), ...chains, ...others];
}

/** Nobody can be asked because the part does not run, of which another condition tells. */
const consequences = new Set(["ServerNotReady", "BridgeNotRunning"]);

const isBad = ({ type, status, reason }: Condition) =>
  !consequences.has(reason) && (abnormal.has(type) ? status === "True" : status === "False");

const causeOf = ({ reason, message }: Condition): Cause => ({ reason, message });

function distinct(causes: readonly Cause[]): readonly Cause[] {
  const isSame = (a: Cause, b: Cause) => a.reason === b.reason || a.message === b.message;
  return causes.filter((cause, index) => causes.findIndex((other) => isSame(other, cause)) === index);
}

type Part = (typeof partConditions)[number];

function partView({ name, component, types }: Part, resource: Resource, pods: readonly KubernetesObject[]): PartView[] {
  const all = resource.status?.conditions ?? [];
  const own = types.flatMap((type) => all.find((condition) => condition.type === type) ?? []);
  if (own.length === 0 && component === undefined) return [];
  const views = pods
    .filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/component"] === component)
    .map(podView);
  const causes = distinct(own.filter((condition) => !passing.has(condition.type) && isBad(condition)).map(causeOf));
  return [
    {
      name,
      state: stateOf(own, causes),
      summary: summaryOf(component, own, resource),
      causes,
      pods: component === undefined ? [] : views,
    },
  ];
}

function stateOf(conditions: readonly Condition[], causes: readonly Cause[]): State {
  if (causes.length > 0) return causes.every(({ reason }) => wanted.has(reason)) ? "waiting" : "bad";
  return conditions.length > 0 && conditions.every(({ status, type }) => status !== "Unknown" || passing.has(type))
    ? "ok"
    : "waiting";
}

function summaryOf(component: Part["component"], conditions: readonly Condition[], { status }: Resource): string {
  if (component === "mcp-server") return `${status?.servers ?? "0/0"} ready`;
  if (component === "bridge") return `${status?.bridge ?? "0/0"} ready, ${queueText(status?.queue)}`;
  return [...new Set(conditions.map(({ message }) => message))].join("; ");
}

function queueText(queue: number | undefined): string {
  if (queue === undefined) return "queue not known";
  return queue === 0 ? "fewer than ten messages wait" : `${queue} messages or more wait`;
}

function rolloutPart(resource: Resource): PartView[] {
  const summary = rolloutText(resource);
  return summary === undefined ? [] : [{ name: "rollout", state: "waiting", summary, causes: [], pods: [] }];
}

/** Conditions of the whole, and those that this version does not know, when there is something to say that was not said. */
function remainingPart(conditions: readonly Condition[], told: readonly Cause[]): PartView[] {
  const known = new Set<string>(["Ready", ...partConditions.flatMap(({ types }) => [...types])]);
  const own = conditions.filter((condition) => {
    const { type, reason } = condition;
    return !known.has(type) && !passing.has(type) && isBad(condition) && !told.some((cause) => cause.reason === reason);
  });
  const causes = distinct(own.map(causeOf));
  if (causes.length === 0) return [];
  return [
    {
      name: "operation",
      state: stateOf([], causes),
      summary: own.map(({ type }) => type).join(", "),
      causes,
      pods: [],
    },
  ];
}

type PodStatus = {
  readonly phase?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  readonly containerStatuses?: readonly { readonly restartCount?: number; readonly image?: string }[];
};

function podView(pod: KubernetesObject): PodView {
  const { metadata, spec, status } = pod as KubernetesObject & { spec?: { nodeName?: string }; status?: PodStatus };
  const trouble = troubleOf(pod as unknown as Parameters<typeof troubleOf>[0]);
  const isReady = status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
  const containers = status?.containerStatuses ?? [];
  return {
    name: metadata.name ?? "",
    state: trouble !== undefined ? "bad" : isReady ? "ok" : "waiting",
    phase: metadata.deletionTimestamp !== undefined ? "Terminating" : isReady ? "ready" : (status?.phase ?? "Pending"),
    restarts: containers.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0),
    createdAt: metadata.creationTimestamp,
    node: spec?.nodeName,
    images: containers.flatMap(({ image }) => image ?? []),
    ...(trouble === undefined ? {} : { cause: { reason: trouble.reason, message: trouble.message } }),
  };
}
