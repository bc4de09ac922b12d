const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/**
 * A duration in words, of at most two units.
 *
 * @example
 * ```ts
 * durationText(7_384); // => 2 h 3 min
 * ```
 */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const first = units.findIndex(([, size]) => whole >= size);
  if (first === -1) return "0 s";
  let rest = whole;
  const parts = units.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return [count, unit] as const;
  });
  return parts
    .filter(([count], index) => index === 0 || count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/** Milliseconds as people read them: 82 ms, 3.1 s, 2 min 5 s. */
export function millisecondsText(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  return durationText(milliseconds / 1_000);
}

/** Seconds from one time to another; 0 when either cannot be read, or the second is before the first. */
export function secondsBetween(from: string, to: number): number {
  const seconds = (to - Date.parse(from)) / 1_000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}

const pad = (value: number) => String(value).padStart(2, "0");

/** Hours and minutes where the reader is, for axes. */
export function minuteText(time: number): string {
  const date = new Date(time);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/** A time where the reader is; with its day unless that is the day of `now`. Words that are no time stay as they are. */
export function clockText(time: string, now: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  const clock = `${minuteText(date.getTime())}:${pad(date.getSeconds())}`;
  if (date.toDateString() === new Date(now).toDateString()) return clock;
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock}`;
}
