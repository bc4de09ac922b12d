import type { DeploymentSpec } from "../../api/spec.ts";
import { canonicalQuantity, quantityValue } from "../../runtime/quantity.ts";

/** What the bridge tells of the file system of its queue. */
export type VolumeUse = {
  readonly sizeBytes: number;
  readonly freeBytes: number;
  /** Undefined while it has not watched for long enough. */
  readonly growthBytesPerDay?: number | undefined;
};

/** What the API server knows of the claim. */
export type ClaimState = {
  readonly request: string;
  readonly capacity: string;
  /** The driver has refused to grow it. */
  readonly failed: boolean;
};

type Storage = DeploymentSpec["bridge"]["storage"];

/** What to do about a volume. */
export type GrowthStep =
  | { readonly step: "Nothing" }
  | { readonly step: "Grow"; readonly to: string; readonly isAsked: boolean }
  | { readonly step: "Tell"; readonly cause: string; readonly isAsked: boolean };

const gibibyte = 2 ** 30;
const mebibyte = 2 ** 20;
/** A person should have a weekend to act. */
const noticeDays = 3;

/** In how many days nothing is free, if it goes on like that. */
export const daysUntilFull = ({ freeBytes, growthBytesPerDay = 0 }: VolumeUse): number =>
  growthBytesPerDay === 0 ? Number.POSITIVE_INFINITY : freeBytes / growthBytesPerDay;

/**
 * Little is left of the volume's own share, or more than half is gone and the rest goes within days. A class may give a
 * folder of a larger disk: then the share is smaller than the disk.
 */
export function isNearlyFull(use: VolumeUse, shareBytes: number, thresholdPercent: number): boolean {
  const own = Math.min(use.sizeBytes, shareBytes);
  if (use.freeBytes < own * (1 - thresholdPercent / 100)) return true;
  return use.freeBytes < own / 2 && daysUntilFull(use) < noticeDays;
}

/** Whether the claim has to be looked at: whatever was claimed, more than the file system has it cannot be. */
export const isSuspicious = (use: VolumeUse, { growth }: Storage): boolean =>
  isNearlyFull(use, use.sizeBytes, growth.thresholdPercent);

/** The next step. Pure: the same facts lead to the same step. */
export function growthStep(storage: Storage, claim: ClaimState, use: VolumeUse | undefined): GrowthStep {
  const { mode, thresholdPercent } = storage.growth;
  const request = quantityValue(claim.request);
  const size = canonicalQuantity(String(storage.size));
  const capacity = quantityValue(claim.capacity);
  // A class with a least size gives more than was claimed.
  const share = Math.max(request, capacity);
  if (share < quantityValue(size)) return { step: "Grow", to: size, isAsked: true };
  const isRefused = claim.failed && capacity < request;
  if (use === undefined || !isNearlyFull(use, share, thresholdPercent))
    return isRefused && capacity < quantityValue(size) ? tell(driverFailed, true) : { step: "Nothing" };
  if (use.sizeBytes >= 2 * share) return tell("its disk has other users: free space there");
  if (claim.failed) return tell(driverFailed);
  if (capacity < request) return { step: "Nothing" };
  if (mode === "Disabled")
    return tell("bridge.storage.growth.mode is Disabled: set it to Auto, or raise bridge.storage.size");
  const to = larger(share, mostOf(storage));
  if (to === undefined) return tell("it has its largest size: raise bridge.storage.growth.maxSize");
  return { step: "Grow", to, isAsked: false };
}

const driverFailed = "its driver could not grow it: see kubectl describe of its PersistentVolumeClaim";

const tell = (cause: string, isAsked = false): GrowthStep => ({ step: "Tell", cause, isAsked });

const mostOf = ({ size, growth }: Storage): number =>
  growth.maxSize === undefined ? 4 * quantityValue(String(size)) : quantityValue(String(growth.maxSize));

/** Larger by half, as a whole number of GiB or MiB. */
function larger(bytes: number, most: number): string | undefined {
  const unit = bytes >= gibibyte ? gibibyte : mebibyte;
  const wanted = Math.min(Math.ceil((bytes * 1.5) / unit) * unit, most);
  if (wanted <= bytes) return undefined;
  return canonicalQuantity(wanted % mebibyte === 0 ? `${wanted / mebibyte}Mi` : String(wanted));
}
