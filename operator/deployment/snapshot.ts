import type { CachedResource, WorkloadState } from "./cached-objects.ts";
import type { ExposureProbe } from "./exposure/probe.ts";
import type { ExposureSnapshot } from "./exposure/problems.ts";
import type { ProbeResult } from "./parts-probe.ts";
import type { Trouble } from "./pod-trouble.ts";

/** State of the Secret that holds the bot token. */
export type TokenSecret = "Present" | "Missing" | "KeyMissing" | "Unknown";

/** All that a status is computed from, read at one moment. */
export type Snapshot = {
  readonly resource: CachedResource;
  readonly server: WorkloadState | undefined;
  readonly bridge: WorkloadState | undefined;
  readonly tokenSecret: TokenSecret;
  /** What keeps a pod of the newest template from running. */
  readonly serverTrouble: Trouble | undefined;
  readonly bridgeTrouble: Trouble | undefined;
  readonly bridgeRuns: boolean;
  /** Why the bridge's pod cannot be created. A StatefulSet tells it in events only. */
  readonly bridgeFailure: string | undefined;
  /** Secrets that variables take their values from and that are not there. */
  readonly missingSecrets: readonly { readonly name: string; readonly field: string }[];
  /** Children that the API server refused in this pass. */
  readonly refused: readonly string[];
  /** What else the API server answered with an error in this pass: it is tried again. */
  readonly failed: readonly string[];
  /** What the administrator does not allow in this resource; nothing of it is written then. */
  readonly forbidden?: readonly string[];
  /** What the last probe saw; undefined before the first. */
  readonly probe: ProbeResult | undefined;
  /** The way in from outside; undefined when none is asked for. */
  readonly exposure?: ExposureSnapshot | undefined;
  /** What was last found at the public address; undefined before that. */
  readonly exposureProbe?: ExposureProbe | undefined;
  /** Image of the pods that are ready; undefined while none is. */
  readonly runningImage: string | undefined;
  /** In how many ms something will be judged differently although nothing changes. */
  readonly lookAgainMs?: number | undefined;
};
