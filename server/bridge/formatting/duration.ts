const units = [
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** The two largest units that a time in milliseconds has, such as 1 min 5 s. */
export function shownDuration(ms: number): string {
  const whole = Math.round(ms);
  const first = units.findIndex(([, length]) => whole >= length);
  if (first < 0) return "0 ms";
  let left = whole;
  const parts = units.slice(first, first + 2).map(([unit, length]) => {
    const count = Math.floor(left / length);
    left -= count * length;
    return count > 0 ? `${count} ${unit}` : "";
  });
  return parts.filter((part) => part !== "").join(" ");
}
