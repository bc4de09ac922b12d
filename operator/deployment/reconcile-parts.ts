import type { Applier } from "../runtime/applier.ts";
import type { Client } from "../runtime/client.ts";
import type { EventRecorder } from "../runtime/event-recorder.ts";
import type { FoundKeys } from "./adoption/imported-keys.ts";
import type { CachedResource } from "./cache/cached-objects.ts";
import type { Cluster } from "./cache/cluster.ts";
import type { DryRun } from "./dry-run/dry-run.ts";
import type { Certificate } from "./exposure/certificate.ts";
import type { ExposureProbe, ExposureTarget } from "./exposure/probe.ts";
import type { Images } from "./image/images.ts";
import type { Holding } from "./maintenance/holding.ts";
import type { ConfirmCode } from "./pairing/bridge-call.ts";
import type { ProbeResult, Target } from "./probing/parts-probe.ts";
import type { ProbeSchedule } from "./probing/probe-schedule.ts";
import type { Arbiter } from "./receiving/arbiter.ts";
import type { ForeignSecrets } from "./references/foreign-secrets.ts";
import type { TokenSecrets } from "./references/token-secret.ts";
import type { Revisions } from "./rollout/revisions.ts";
import type { Trials } from "./rollout/trials.ts";
import type { GeneratedValues } from "./secrets/generated-values.ts";
import type { SecretMetrics } from "./secrets/metrics.ts";
import type { ReferredValues } from "./secrets/referred-values.ts";
import type { Settings } from "./settings.ts";
import type { Volumes } from "./volume/volumes.ts";

export type ReconcileParts = Trials & {
  readonly cluster: Cluster;
  readonly client: Client;
  readonly applier: Applier;
  readonly recorder: EventRecorder;
  readonly probes: ProbeSchedule<Target, ProbeResult>;
  readonly exposureProbes: ProbeSchedule<ExposureTarget, ExposureProbe>;
  readonly revisions: Revisions;
  readonly volumes: Volumes;
  readonly tokenSecrets: TokenSecrets;
  readonly arbiter: Arbiter;
  readonly images: Images;
  /** Whether its children are written: it is neither paused nor forbidden, and no other operator serves it. */
  readonly mayWrite: (resource: CachedResource) => boolean;
  /** Keeps changes back until a maintenance window. */
  readonly holding: Holding;
  readonly dryRun: DryRun;
  /** The certificates of Ingresses. */
  readonly certificates: ForeignSecrets<Certificate>;
  /** Values to which clients' keys and variables refer. */
  readonly referredValues: ReferredValues;
  /** API keys of former installations. */
  readonly formerKeys: ForeignSecrets<FoundKeys>;
  readonly confirmCode: ConfirmCode;
  readonly settings: Settings;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly generated: GeneratedValues;
  readonly secretMetrics: SecretMetrics;
  /** When a resource's changed status has to be written, by namespace and name. */
  readonly statusDueAt: Map<string, number>;
  /** Namespaces that are being deleted, and until when not to write there. */
  readonly terminatingUntil: Map<string, number>;
};
