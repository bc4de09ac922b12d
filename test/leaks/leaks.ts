import { type Allowed, allowed as allowedPlaces } from "./allowed.ts";
import { type Said, saidIn, secretsIn } from "./record.ts";
import { Search } from "./search.ts";

type Leak = Pick<Said, "kind" | "by"> & {
  /** What the secret was used for. */
  readonly use: string;
  /** The text around it, without it. */
  readonly near: string;
};

export type Verdict = {
  readonly leaks: readonly Leak[];
  readonly secrets: number;
  readonly bytes: number;
  /** Bytes that were not kept. */
  readonly lost: number;
  /** Places of the list where nothing was found. */
  readonly unused: readonly Allowed[];
};

const AROUND = 120;

/** Looks for every secret that a run used in everything that it said. */
export function leaksIn(folder: string, places: readonly Allowed[] = allowedPlaces): Verdict {
  const uses = new Map(secretsIn(folder).map(({ value, use }) => [value, use]));
  const search = new Search(uses.keys());
  const leaks = new Map<string, Leak>();
  const used = new Set<Allowed>();
  let bytes = 0;
  let lost = 0;
  for (const said of saidIn(folder)) {
    bytes += said.bytes.length;
    lost += said.lost;
    for (const { value, at } of search.in(said.bytes)) {
      const text = said.bytes.toString("utf8", Math.max(0, at - AROUND), at + value.length + AROUND);
      const around = text.replaceAll(value, "(the secret)");
      const place = places.find((each) => isAllowed(each, said, around));
      if (place !== undefined) used.add(place);
      else {
        const { kind, by } = said;
        const leak = { kind, by, use: uses.get(value) ?? "", near: around };
        leaks.set(`${kind} ${by} ${value}`, leak);
      }
    }
  }
  const unused = places.filter((place) => !used.has(place));
  return { leaks: [...leaks.values()], secrets: uses.size, bytes, lost, unused };
}

function isAllowed({ kind, by, near }: Allowed, said: Said, around: string): boolean {
  return kind === said.kind && (by?.test(said.by) ?? true) && (near?.test(around) ?? true);
}
