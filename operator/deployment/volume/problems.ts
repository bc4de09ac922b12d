import type { Check } from "../status/check.ts";

/** The bridge's volume is nearly full, or soon will be, and cannot be grown. */
export const volumeIsNearlyFull: Check = ({ volume }) => {
  if (volume === undefined) return undefined;
  const { cause, isAsked } = volume;
  if (isAsked)
    return { reason: "VolumeNotGrown", message: `the volume of the queue stays smaller than asked: ${cause}` };
  return {
    reason: "VolumeNearlyFull",
    message: `the volume of the queue is nearly full, or will be within days, and then no message is taken: ${cause}`,
  };
};
