import type { DryRunChange } from "../api/dry-run.ts";
import type { PodReplacements } from "../api/pod-replacements.ts";
import type { DeploymentStatus } from "../api/status.ts";
import type { AdoptionState } from "./adoption/state.ts";
import type { ScalingSnapshot } from "./autoscaling/gather.ts";
import type { BackupFacts } from "./backup/facts.ts";
import type { RestoreFacts } from "./backup/restore-facts.ts";
import type { CachedResource, WorkloadState } from "./cache/cached-objects.ts";
import type { ExposureProbe } from "./exposure/probe.ts";
import type { ExposureSnapshot } from "./exposure/problems.ts";
import type { Acceptance } from "./image/acceptance.ts";
import type { Trouble } from "./pods/pod-trouble.ts";
import type { CachedPod } from "./pods/pods.ts";
import type { ProbeResult } from "./probing/parts-probe.ts";
import type { Verdict } from "./receiving/arbitration.ts";
import type { Backup } from "./rollout/facts.ts";
import type { LostRevision } from "./rollout/rollout.ts";
import type { SecretsSnapshot } from "./secrets/problems.ts";
import type { VolumeTrouble } from "./volume/volumes.ts";

/** State of the Secret that holds the bot token. */
export type TokenSecret = "Present" | "Missing" | "KeyMissing" | "Unknown";

/** Everything that a status is computed from, read at one moment. */
export type Snapshot = {
  readonly resource: CachedResource;
  readonly server: WorkloadState | undefined;
  readonly bridge: WorkloadState | undefined;
  readonly tokenSecret: TokenSecret;
  /** Whether it receives what people say to its bot; undefined if it does not ask to. */
  readonly verdict?: Verdict | undefined;
  /** What keeps a pod of the newest template from running. */
  readonly serverTrouble: Trouble | undefined;
  readonly bridgeTrouble: Trouble | undefined;
  readonly bridgeRuns: boolean;
  /** Why the bridge's pod cannot be created. For a StatefulSet only events say that. */
  readonly bridgeFailure: string | undefined;
  /** Missing Secrets that variables refer to. */
  readonly missingSecrets: readonly { readonly name: string; readonly field: string }[];
  /** Children that the API server refused in this reconcile. */
  readonly refused: readonly string[];
  /** Other errors of the API server in this reconcile; the writes are retried. */
  readonly failed: readonly string[];
  /** The parts of which a change waits for a maintenance window, and when one opens: milliseconds since the epoch, or never. */
  readonly waiting?: { readonly parts: readonly string[]; readonly opensAt: number | undefined } | undefined;
  /** What would be changed; undefined unless the resource asks for that. */
  readonly dryRun?: readonly DryRunChange[] | undefined;
  /** Schedules of maintenance windows that never come. */
  readonly emptySchedules?: readonly string[];
  /** What the administrator does not allow in this resource; if not empty, nothing is written. */
  readonly forbidden?: readonly string[];
  /** The last result; undefined before the first probe. */
  readonly probe: ProbeResult | undefined;
  /** Ages of secrets, and the keys that clients bring along. */
  readonly secrets?: SecretsSnapshot | undefined;
  /** The revisions, as the status will keep them. */
  readonly rollout?: DeploymentStatus["rollout"];
  /** What should run, and nobody knows any more. */
  readonly lostRevision?: LostRevision | undefined;
  /** Who scales the servers. */
  readonly scaling?: ScalingSnapshot | undefined;
  /** Why the volume is not as large as it should be. */
  readonly volume?: VolumeTrouble | undefined;
  /** The backup that an upgrade waits for. */
  readonly upgradeBackup?: Backup | undefined;
  /** State of the exposure; undefined without one. */
  readonly exposure?: ExposureSnapshot | undefined;
  /** The last result for the public address; undefined before the first probe. */
  readonly exposureProbe?: ExposureProbe | undefined;
  /** How far it has taken over; undefined if it takes nothing over. */
  readonly adoption?: AdoptionState | undefined;
  /** Whether the image that the resource asks for is rolled out. */
  readonly image?: Acceptance | undefined;
  /** The image that all pods run, with its digest; undefined while they differ, or a node does not tell. */
  readonly imageOfAllPods?: string | undefined;
  /** Version of this operator; undefined: it is not compared with that of the pods. */
  readonly operatorVersion?: string | undefined;
  /** The live server pods. */
  readonly serverPods?: readonly CachedPod[];
  /** The server pod that is to be replaced now, and what the status has to remember before. */
  readonly replacement?: PodReplacements | undefined;
  /** Image of the pods that are ready; undefined while none is. */
  readonly runningImage: string | undefined;
  /** Its backups; undefined if it has none and asks for none. */
  readonly backups?: BackupFacts | undefined;
  /** The restore that it asks for; undefined if it asks for none. */
  readonly restore?: RestoreFacts | undefined;
  /** In how many ms the judgement will change even if nothing else changes. */
  readonly lookAgainMs?: number | undefined;
};
