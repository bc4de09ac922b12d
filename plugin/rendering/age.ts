const steps = [
  { unit: "d", ms: 86_400_000, from: 2 * 86_400_000 },
  { unit: "h", ms: 3_600_000, from: 2 * 3_600_000 },
  { unit: "m", ms: 60_000, from: 2 * 60_000 },
] as const;

/** A time span in one unit, such as "3d", "5h", "12m" or "40s". */
export function span(ms: number): string {
  const positive = Math.max(0, ms);
  const step = steps.find(({ from }) => positive >= from);
  return step === undefined ? `${Math.floor(positive / 1_000)}s` : `${Math.floor(positive / step.ms)}${step.unit}`;
}

/** How long ago a time in RFC 3339 was; "-" when it is none. */
export function ageOf(time: string | undefined, now: number): string {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) ? "-" : span(now - at);
}
