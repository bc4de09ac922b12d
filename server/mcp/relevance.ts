/**
 * The values that fit what was typed, in small or capital letters: first those that begin with it, then those in which a
 * word does, then those that have it anywhere. Equals stay in the order in which they were given.
 */
export function byRelevance(values: readonly string[], typed: string): readonly string[] {
  const wanted = typed.toLowerCase();
  const ranked = values.map((value) => ({ value, rank: rankOf(value.toLowerCase(), wanted) }));
  return ranked
    .filter(({ rank }) => rank < ranks.length)
    .sort((one, other) => one.rank - other.rank)
    .map(({ value }) => value);
}

const ranks: readonly ((value: string, wanted: string) => boolean)[] = [
  (value, wanted) => value.startsWith(wanted),
  (value, wanted) => value.split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(wanted)),
  (value, wanted) => value.includes(wanted),
];

function rankOf(value: string, wanted: string): number {
  const rank = ranks.findIndex((fits) => fits(value, wanted));
  return rank < 0 ? ranks.length : rank;
}
