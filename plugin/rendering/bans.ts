import type { ShownBan } from "../../contract/monitoring.ts";
import { ageOf, span } from "./age.ts";
import { table } from "./table.ts";

export type ToldBans = { readonly pod: string; readonly bans: readonly Omit<ShownBan, "pods">[] };

/** What each server told, put together: a ban that several have is one. The newest first. */
export function banViews(servers: readonly ToldBans[]): readonly ShownBan[] {
  const found = new Map<string, ShownBan>();
  for (const { pod, bans } of servers) {
    for (const ban of bans) {
      const key = JSON.stringify([ban.address, ban.reason, ban.client]);
      const known = found.get(key);
      const until = known !== undefined && known.until > ban.until ? known.until : ban.until;
      found.set(key, { ...ban, until, pods: [...(known?.pods ?? []), pod] });
    }
  }
  return [...found.values()].toSorted((a, b) => b.since.localeCompare(a.since));
}

export function bansText(bans: readonly ShownBan[], now: number): string {
  if (bans.length === 0) return "Nobody is banned.";
  const rows = bans.map(({ address, reason, client, since, until, pods }) => [
    address,
    client === undefined ? "whoever has no valid key" : `the key of ${client}`,
    reason,
    ageOf(since, now),
    span(Date.parse(until) - now),
    pods.join(","),
  ]);
  return table(["ADDRESS", "REFUSED IS", "REASON", "AGE", "ENDS IN", "SERVERS"], rows);
}
