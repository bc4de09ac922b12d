import type { ServerTelling } from "../../../contract/monitoring-servers.ts";
import { tellingServers, tellingTimes } from "../../../contract/monitoring-servers.ts";
import { RefusedError } from "../refused-error.ts";
import { boundedText } from "../status/bounded-text.ts";
import { type ServerCounts, serverCounts } from "./minutes.ts";

type Told = { readonly telling: ServerTelling; readonly at: number };

/** More than one server counts between two tellings; whoever tells more is not believed. */
const mostCounted = 10_000_000;

/** Of all servers together, and of each at least: however many tell, the answer stays small. */
const bansListed = 1_000;
const fewestBans = 10;

/** A server that fell silent without having ended, and when it told last. */
export type Missed = { readonly name: string; readonly at: number };

/** What server pods tell about themselves. One that has not told for half a minute is gone. Times come in. */
export class Servers {
  readonly #told = new Map<string, Told>();
  /** By name: the next process of the same pod has the same one. */
  readonly #missed = new Map<string, number>();

  /** Takes note, and says what was counted since the same process told last. Throws RefusedError when there are too many. */
  tell(telling: ServerTelling, now: number): ServerCounts {
    this.#forget(now);
    const before = this.#told.get(telling.process);
    if (before === undefined && this.#told.size >= tellingServers) {
      throw new RefusedError("too_many_servers", `${tellingServers} servers tell of themselves already.`, 30);
    }
    const told = { telling: shown(telling, now), at: now };
    this.#told.set(telling.process, told);
    this.#missed.delete(told.telling.report.name);
    const since = (name: keyof ServerCounts) =>
      before === undefined ? 0 : within(telling.totals[name] - before.telling.totals[name]);
    return Object.fromEntries(serverCounts.map((name) => [name, since(name)])) as ServerCounts;
  }

  list(now: number): readonly ServerTelling[] {
    this.#forget(now);
    const most = Math.max(fewestBans, Math.floor(bansListed / this.#told.size));
    return [...this.#told.values()].map(({ telling }) => ({ ...telling, bans: telling.bans.slice(0, most) }));
  }

  /** Those that fell silent of late although they had not said that they end. */
  missed(now: number): readonly Missed[] {
    this.#forget(now);
    return [...this.#missed].slice(-tellingServers).map(([name, at]) => ({ name, at }));
  }

  #forget(now: number): void {
    for (const [process, { telling, at }] of this.#told) {
      if (now - at <= tellingTimes.goneMs) continue;
      this.#told.delete(process);
      if (!telling.report.draining) this.#missed.set(telling.report.name, at);
    }
    for (const { telling } of this.#told.values()) this.#missed.delete(telling.report.name);
    for (const [name, at] of this.#missed) if (now - at > tellingTimes.missedMs) this.#missed.delete(name);
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
