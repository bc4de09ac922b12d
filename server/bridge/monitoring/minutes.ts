import type { History } from "../../../contract/monitoring.ts";

/** What happened within a minute, and how it was at its end. Times are in milliseconds. */
export type Minute = {
  /** Since the epoch. */
  readonly minute: number;
  accepted: number;
  delivered: number;
  refused: number;
  retries: number;
  /** Of all deliveries together, from acceptance to Telegram's answer, and of the slowest. */
  delivery_ms: number;
  slowest_ms: number;
  signature_failures: number;
  pending: number;
  oldest_ms: number;
  /** Servers told of themselves: their numbers are known. */
  servers_told: number;
  requests: number;
  errors: number;
  limited: number;
  unauthenticated: number;
};

/** The counts of a minute that servers tell of. */
export const serverCounts = ["requests", "errors", "limited", "unauthenticated"] as const;

export type ServerCounts = Readonly<Record<(typeof serverCounts)[number], number>>;

export const minuteColumns = [
  ...["minute", "accepted", "delivered", "refused", "retries", "delivery_ms", "slowest_ms", "signature_failures"],
  ...["pending", "oldest_ms", "servers_told", ...serverCounts],
] as readonly (keyof Minute)[];

const minuteMs = 60_000;
/** What charts show at most. */
export const minutesKept = 24 * 60;

export const minuteOf = (time: number): number => Math.floor(time / minuteMs);

/** The counts of the last 24 hours, a minute each. Pure: times and what was kept come in. */
export class Minutes {
  readonly #kept = new Map<number, Minute>();
  #current: Minute;

  /** Goes on with what was kept, also of the minute that is under way. */
  constructor(kept: readonly Minute[], now: number) {
    for (const minute of kept) this.#kept.set(minute.minute, minute);
    const number = minuteOf(now);
    this.#current = this.#kept.get(number) ?? emptyMinute(number);
    this.#kept.delete(number);
  }

  /** The one to count in. */
  get current(): Minute {
    return this.#current;
  }

  /** Begins another minute if it is time; what is over then, with the gauges of its end. */
  turn(now: number, gauges: () => Pick<Minute, "pending" | "oldest_ms">): Minute | undefined {
    const number = minuteOf(now);
    if (number === this.#current.minute) return undefined;
    const over = { ...this.#current, ...gauges() };
    this.#kept.set(over.minute, over);
    for (const old of this.#kept.keys()) if (old < number - minutesKept) this.#kept.delete(old);
    this.#current = emptyMinute(number);
    return over;
  }

  /** The last so many minutes, the one that is under way included, together. */
  sum(minutes: number): Minute {
    const total = emptyMinute(this.#current.minute);
    for (const each of this.#last(minutes - 1).concat(this.#current)) {
      for (const column of minuteColumns)
        if (column !== "minute" && column !== "slowest_ms") total[column] += each[column];
      total.slowest_ms = Math.max(total.slowest_ms, each.slowest_ms);
    }
    return total;
  }

  /** The last whole minute; undefined when it is not known. */
  get last(): Minute | undefined {
    return this.#kept.get(this.#current.minute - 1);
  }

  /** One value for each whole minute. */
  history(hours: number): History {
    const steps = Math.min(minutesKept, Math.max(1, Math.round(hours * 60)));
    const first = this.#current.minute - steps;
    const rows = Array.from({ length: steps }, (_, index) => this.#kept.get(first + index));
    const each = (value: (row: Minute) => number | null) => rows.map((row) => (row === undefined ? null : value(row)));
    const told = (name: keyof ServerCounts) => each((row) => (row.servers_told > 0 ? row[name] : null));
    return {
      from: first * 60,
      step_seconds: 60,
      series: {
        pending: each(({ pending }) => pending),
        oldest_age_seconds: each(({ oldest_ms }) => oldest_ms / 1000),
        accepted: each(({ accepted }) => accepted),
        delivered: each(({ delivered }) => delivered),
        refused: each(({ refused }) => refused),
        requests: told("requests"),
        errors: told("errors"),
        limited: told("limited"),
        unauthenticated: told("unauthenticated"),
      },
    };
  }

  #last(count: number): readonly Minute[] {
    const { minute } = this.#current;
    const numbers = Array.from({ length: count }, (_, index) => minute - count + index);
    return numbers.flatMap((number) => this.#kept.get(number) ?? []);
  }
}

function emptyMinute(minute: number): Minute {
  const counts = { accepted: 0, delivered: 0, refused: 0, retries: 0, delivery_ms: 0, slowest_ms: 0 };
  const ofServers = { servers_told: 0, requests: 0, errors: 0, limited: 0, unauthenticated: 0 };
  return { minute, ...counts, signature_failures: 0, pending: 0, oldest_ms: 0, ...ofServers };
}

export function toMinute(row: Readonly<Record<string, unknown>>): Minute {
  const minute = emptyMinute(Number(row.minute));
  for (const column of minuteColumns) if (column !== "minute") minute[column] = Number(row[column]);
  return minute;
}
