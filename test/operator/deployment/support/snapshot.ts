import type { Condition, DeploymentStatus } from "../../../../operator/api/status.ts";
import type { CachedResource, WorkloadState } from "../../../../operator/deployment/cache/cached-objects.ts";
import type { ExposureSnapshot } from "../../../../operator/deployment/exposure/problems.ts";
import type { BridgeProbe } from "../../../../operator/deployment/probing/parts-probe.ts";
import type { SecretsSnapshot } from "../../../../operator/deployment/secrets/problems.ts";
import type { Snapshot } from "../../../../operator/deployment/snapshot.ts";
import { specOf } from "./blueprint.ts";

export const earlier = "2026-01-01T00:00:00.000Z";
export const now = "2026-01-01T00:01:00.000Z";

export const resource = (fields: Partial<CachedResource> = {}): CachedResource => ({
  namespace: "tools",
  name: "team",
  uid: "6a9e5b1e-0000-4000-8000-000000000000",
  resourceVersion: "7",
  generation: 3,
  deleting: false,
  createdAt: "2026-01-01T00:00:00Z",
  spec: specOf(),
  status: {},
  ...fields,
});

export const workload = (fields: Partial<WorkloadState> = {}): WorkloadState => ({
  observed: true,
  replicas: 3,
  ownsReplicas: true,
  current: 3,
  updated: 3,
  ready: 3,
  failure: undefined,
  ...fields,
});

type Answer = Extract<BridgeProbe, { answered: true }>;

export const bridgeAnswer = (fields: {
  readonly telegram?: Partial<Answer["telegram"]>;
  readonly queue?: Partial<Answer["queue"]>;
  readonly refusals?: Answer["refusals"];
  readonly refusedTopics?: Answer["refusedTopics"];
  readonly waiting?: Answer["waiting"];
  readonly paused?: Answer["paused"];
  readonly fenced?: Answer["fenced"];
  readonly receiving?: Answer["receiving"];
}): Answer => ({
  answered: true,
  refusals: fields.refusals,
  refusedTopics: fields.refusedTopics,
  waiting: fields.waiting,
  paused: fields.paused,
  fenced: fields.fenced,
  receiving: fields.receiving,
  telegram: { reachable: true, ...fields.telegram },
  queue: { usable: true, pending: 0, limit: 10_000, ...fields.queue },
});

export const verifiedServer = { verified: true, protocolVersion: "2025-11-25", serverVersion: "1.2.3" } as const;

/** A resource without problems, except for `fields`. */
export const snapshot = (fields: Partial<Snapshot> = {}): Snapshot => ({
  resource: resource(),
  server: workload(),
  bridge: workload({ replicas: 1, current: 1, updated: 1, ready: 1 }),
  tokenSecret: "Present",
  serverTrouble: undefined,
  bridgeTrouble: undefined,
  bridgeRuns: true,
  bridgeFailure: undefined,
  missingSecrets: [],
  refused: [],
  failed: [],
  probe: { server: verifiedServer, bridge: bridgeAnswer({}) },
  runningImage: "docker.io/cctelegram/server:1.2.3",
  ...fields,
});

export const condition = (type: string, status: Condition["status"], fields: Partial<Condition> = {}): Condition => ({
  type,
  status,
  observedGeneration: 3,
  lastTransitionTime: earlier,
  reason: "Reason",
  message: "message",
  ...fields,
});

export const statusWith = (...conditions: Condition[]): DeploymentStatus => ({ observedGeneration: 3, conditions });

/** An exposure without problems, except for `fields`. */
export const exposure = (fields: Partial<ExposureSnapshot> = {}): ExposureSnapshot => ({
  hasHttpRoute: true,
  state: { addresses: ["203.0.113.9"], parents: [] },
  unseen: [],
  certificate: undefined,
  isProbed: true,
  lasting: true,
  settlesInMs: 0,
  nowMs: Date.parse(now),
  ...fields,
});

/** Secrets without problems, except for `fields`. */
export const secrets = (fields: Partial<SecretsSnapshot> = {}): SecretsSnapshot => ({
  ages: [],
  ownKeys: new Map(),
  nowMs: Date.parse(now),
  ...fields,
});
