/** A value that the operator makes, as its Secret holds it; times in RFC 3339. */
export type StoredValue = {
  readonly current?: string | undefined;
  /** The value that will take its place. */
  readonly next?: string | undefined;
  /** When it does. */
  readonly nextAt?: string | undefined;
  /** The value of before, where that is kept. */
  readonly previous?: string | undefined;
  /** Until when it counts; a value of before without an end is a person's. */
  readonly previousUntil?: string | undefined;
  /** When the current value took its place. Absent: it is as old as its Secret. */
  readonly since?: string | undefined;
  /** When the Secret was made. */
  readonly createdAt?: string | undefined;
  /** Somebody's wish for another value: any new text. */
  readonly asked?: string | undefined;
  /** The last wish that was granted. */
  readonly granted?: string | undefined;
};

/** A value, the one that counts already and takes its place later, and the one of before while that still counts. */
export type GeneratedValue = {
  readonly current: string;
  /** Absent: it is as old as its Secret. */
  readonly since?: string;
  readonly next?: { readonly value: string; readonly at?: string };
  readonly previous?: { readonly value: string; readonly until: string };
  readonly granted?: string;
  /** When its schedule asks for another one. */
  readonly dueAt?: string;
};

type Parts = {
  /** The stored value, else a new one that stays the same until it is stored. */
  readonly kept: (kind: "current" | "next", stored: string | undefined) => string;
  /** Whether those who judge by it have been told a value. */
  readonly isTold: (value: string) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds after which all of them have read what they were told. */
  readonly spreadMs: number;
  /** How long the value of before is kept beside its successor. Default: not at all, or elsewhere. */
  readonly graceMs?: number;
  /** The age at which a value is replaced. Default: never. */
  readonly everyDays?: number | undefined;
};

const dayMs = 86_400_000;

/**
 * A wish for another value, by a person or by the schedule, is granted in two steps: those who judge by it are told the next one, and
 * when all of them know it, it takes the place of the current one. So it counts wherever it is used from the first moment. Where the
 * value of before is kept, it counts for a while longer, and the next wish waits for its end.
 */
export function generatedValue(found: StoredValue, parts: Parts): GeneratedValue {
  const { kept, isTold, now, spreadMs } = parts;
  const stored = withOtherNext(found);
  const { granted, next: storedNext, nextAt = "" } = stored;
  const current = kept("current", stored.current);
  if (!stored.current) return { current, ...(granted ? { granted } : {}), ...dueFrom(now, parts) };
  const before = unchanged(stored, current, parts);
  if (!isWished(stored, before, now)) return before;
  const next = kept("next", storedNext);
  // What tells it may have been refused: then the time does not begin.
  if (storedNext === undefined || !isTold(next)) return { ...before, next: { value: next } };
  if (isPast(nextAt, now)) return replaced(stored, { current, next }, parts);
  // Nobody waits for the year that a wrong clock has written.
  const at = Date.parse(nextAt) <= now + spreadMs ? nextAt : new Date(now + spreadMs).toISOString();
  return { ...before, next: { value: next, at } };
}

/** What a person has written there may be the current value: that is no other one. */
const withOtherNext = (stored: StoredValue): StoredValue =>
  stored.next === stored.current ? { ...stored, next: undefined } : stored;

function unchanged(stored: StoredValue, current: string, parts: Parts): GeneratedValue {
  const { granted, since } = stored;
  const previous = previousOf(stored, parts);
  return {
    current,
    ...(since ? { since } : {}),
    ...(previous ? { previous } : {}),
    ...(granted ? { granted } : {}),
    ...dueFrom(madeAt(stored, parts.now), parts),
  };
}

function isWished({ asked, granted, next }: StoredValue, { previous, dueAt }: GeneratedValue, now: number): boolean {
  if (previous !== undefined && next === undefined) return false;
  return (asked !== undefined && asked !== "" && asked !== granted) || isPast(dueAt, now);
}

function replaced(
  { asked, granted }: StoredValue,
  { current, next }: { readonly current: string; readonly next: string },
  parts: Parts,
): GeneratedValue {
  const { now, graceMs } = parts;
  const grant = asked || granted;
  return {
    current: next,
    since: new Date(now).toISOString(),
    ...(graceMs === undefined ? {} : { previous: { value: current, until: new Date(now + graceMs).toISOString() } }),
    ...(grant ? { granted: grant } : {}),
    ...dueFrom(now, parts),
  };
}

const isPast = (time: string | undefined, now: number) => time !== undefined && Date.parse(time) <= now;

function previousOf({ previous, previousUntil }: StoredValue, { now, graceMs }: Parts): GeneratedValue["previous"] {
  if (!previous || graceMs === undefined || !isAfter(previousUntil, now)) return undefined;
  const latest = now + graceMs;
  return { value: previous, until: isAfter(previousUntil, latest) ? new Date(latest).toISOString() : previousUntil };
}

const isAfter = (time: string | undefined, ms: number): time is string => time !== undefined && Date.parse(time) > ms;

/** Clocks differ a little. A value that is from tomorrow was written by one that was wrong, or by a person. */
function madeAt({ since, createdAt = "" }: StoredValue, now: number): number {
  return Date.parse(since === undefined || isAfter(since, now + dayMs) ? createdAt : since);
}

function dueFrom(madeAt: number, { everyDays }: Parts): Pick<GeneratedValue, "dueAt"> {
  if (everyDays === undefined || Number.isNaN(madeAt)) return {};
  return { dueAt: new Date(madeAt + everyDays * dayMs).toISOString() };
}

/** All values that count, the current one first. */
export const valuesIn = ({ current, next, previous }: GeneratedValue): readonly string[] => [
  current,
  ...(next ? [next.value] : []),
  ...(previous ? [previous.value] : []),
];

/** When a value changes by itself: its successor takes its place, the one of before ends, or its schedule asks. */
export function changesAt({ next, previous, dueAt }: GeneratedValue, now: number): readonly number[] {
  const told = next ? [next.at ? Date.parse(next.at) : now + soonMs] : [];
  const due = dueAt && !next ? [Math.max(Date.parse(dueAt), previous ? Date.parse(previous.until) : 0)] : [];
  return [...told, ...due, ...(previous ? [Date.parse(previous.until)] : [])];
}

/** Until it is written that a next value is told. */
export const soonMs = 1000;
