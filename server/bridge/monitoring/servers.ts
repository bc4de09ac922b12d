import type { BridgeTelling, ServerTelling } from "../../../contract/monitoring-servers.ts";
import { tellingServers, tellingTimes } from "../../../contract/monitoring-servers.ts";
import { RefusedError } from "../refused-error.ts";
import { boundedText } from "../status/bounded-text.ts";
import { type ServerCounts, serverCounts } from "./minutes.ts";

type Told = {
  readonly telling: ServerTelling;
  readonly at: number;
  readonly firstAt: number;
  /** It has taken the place of one that fell silent. */
  readonly isSuccessor: boolean;
};

/** More than one server counts between two tellings; whoever tells more is not believed. */
const mostCounted = 10_000_000;

/** Of all servers together, and of each at least: however many tell, the answer stays small. */
const bansListed = 1_000;
const fewestBans = 10;

/** What server pods tell about themselves. One that has not told for half a minute is gone, and missed when it did not say that it ends. Times come in. */
export class Servers {
  readonly #told = new Map<string, Told>();
  /** Those that fell silent without having said that they end, the longest silent first. */
  #missing: readonly Told[] = [];

  /** Takes note, and says what was counted since the same process told last. Throws RefusedError when there are too many. */
  tell(telling: ServerTelling, now: number): ServerCounts {
    this.#forget(now);
    const before = this.#told.get(telling.process);
    if (before === undefined && this.#told.size >= tellingServers) {
      throw new RefusedError("too_many_servers", `${tellingServers} servers tell of themselves already.`, 30);
    }
    const isSuccessor = before?.isSuccessor ?? this.#succeeds(telling.report.name);
    const firstAt = before?.firstAt ?? now;
    this.#told.set(telling.process, { telling: shown(telling, now), at: now, firstAt, isSuccessor });
    const since = (name: keyof ServerCounts) =>
      before === undefined ? 0 : within(telling.totals[name] - before.telling.totals[name]);
    return Object.fromEntries(serverCounts.map((name) => [name, since(name)])) as ServerCounts;
  }

  list(now: number): readonly ServerTelling[] {
    this.#forget(now);
    const most = Math.max(fewestBans, Math.floor(bansListed / this.#told.size));
    return [...this.#told.values()].map(({ telling }) => ({ ...telling, bans: telling.bans.slice(0, most) }));
  }

  missing(now: number): NonNullable<BridgeTelling["missing"]> {
    this.#forget(now);
    return this.#missing.map(({ telling: { report }, at }) => ({
      name: report.name,
      last_seen_at: new Date(at).toISOString(),
    }));
  }

  /** One that starts takes the place of the one of its name, else of the one that has been silent for longest. */
  #succeeds(name: string): boolean {
    const former = this.#missing.find(({ telling }) => telling.report.name === name) ?? this.#missing[0];
    this.#missing = this.#missing.filter((told) => told !== former);
    return former !== undefined;
  }

  /** Another one has started since it told last. */
  #hasSuccessor({ at }: Told): boolean {
    const found = [...this.#told].find(([, { firstAt, isSuccessor }]) => firstAt > at && !isSuccessor);
    if (found !== undefined) this.#told.set(found[0], { ...found[1], isSuccessor: true });
    return found !== undefined;
  }

  #forget(now: number): void {
    const gone = [...this.#told].filter(([, { at }]) => now - at > tellingTimes.goneMs);
    for (const [process] of gone) this.#told.delete(process);
    const silent = gone.flatMap(([, told]) => (told.telling.report.draining || this.#hasSuccessor(told) ? [] : [told]));
    this.#missing = [...this.#missing, ...silent]
      .filter(({ at }) => now - at <= tellingTimes.missedMs)
      .slice(-tellingServers);
  }
}

const within = (count: number): number => Math.min(Math.max(count, 0), mostCounted);

/** Its own clock may be wrong, and its words are shown. */
function shown(telling: ServerTelling, now: number): ServerTelling {
  const { report, bans } = telling;
  const { name, version, reasons } = report;
  const clean = { name: boundedText(name), version: boundedText(version), reasons: reasons.map(boundedText) };
  return {
    ...telling,
    report: { ...report, ...clean, role: "server", seen_at: new Date(now).toISOString() },
    bans: bans.map(({ client, ...ban }) => ({
      ...ban,
      address: boundedText(ban.address),
      ...(client !== undefined && { client: boundedText(client) }),
    })),
  };
}
