import type { DryRunChange } from "../api/dry-run.ts";
import type { PodReplacements } from "../api/pod-replacements.ts";
import type { CachedResource, WorkloadState } from "./cached-objects.ts";
import type { ExposureProbe } from "./exposure/probe.ts";
import type { ExposureSnapshot } from "./exposure/problems.ts";
import type { ProbeResult } from "./parts-probe.ts";
import type { Trouble } from "./pod-trouble.ts";
import type { CachedPod } from "./pods.ts";
import type { Verdict } from "./receiving/arbitration.ts";

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
  /** State of the exposure; undefined without one. */
  readonly exposure?: ExposureSnapshot | undefined;
  /** The last result for the public address; undefined before the first probe. */
  readonly exposureProbe?: ExposureProbe | undefined;
  /** The live server pods. */
  readonly serverPods?: readonly CachedPod[];
  /** The server pod that is to be replaced now, and what the status has to remember before. */
  readonly replacement?: PodReplacements | undefined;
  /** Image of the pods that are ready; undefined while none is. */
  readonly runningImage: string | undefined;
  /** In how many ms the judgement will change even if nothing else changes. */
  readonly lookAgainMs?: number | undefined;
};
