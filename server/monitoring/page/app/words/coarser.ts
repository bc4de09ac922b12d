import type { History } from "../../../../../contract/monitoring.ts";

type Name = keyof History["series"];
type Values = readonly (number | null)[];

export type Row = { readonly from: number; readonly values: Readonly<Record<string, number | null>> };

/** What is measured at a time instead of counted within it. */
const gauges: readonly string[] = ["pending", "oldest_age_seconds"] satisfies Name[];

/** A history in at most so many rows, the newest first: counts added up, gauges at their highest. Null where nothing is known. */
export function coarser({ from, step_seconds, series }: History, most: number): readonly Row[] {
  const entries = Object.entries(series);
  const length = Math.max(0, ...entries.map(([, values]) => values.length));
  const size = Math.max(1, Math.ceil(length / most));
  return Array.from({ length: Math.ceil(length / size) }, (_, row) => ({
    from: from + row * size * step_seconds,
    values: Object.fromEntries(
      entries.map(([name, values]) => [name, joined(name, values.slice(row * size, (row + 1) * size))]),
    ),
  })).toReversed();
}

function joined(name: string, values: Values): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  return gauges.includes(name) ? Math.max(...known) : known.reduce((sum, value) => sum + value, 0);
}
