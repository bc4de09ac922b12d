import type { Health } from "../../contract/health.ts";
import type { Activity, Overview, PodReport, ShownBan } from "../../contract/monitoring.ts";
import type { BridgeTelling, ServerTelling } from "../../contract/monitoring-servers.ts";

/** The last look at the bridge. Times are Unix milliseconds. */
export type BridgeSeen =
  | { readonly telling: BridgeTelling; readonly since: number }
  | { readonly error: string; readonly since: number };

export type OverviewParts = {
  readonly now: number;
  /** Of the service. */
  readonly name: string;
  readonly bridge: BridgeSeen;
  /** This server as it is now, and the others as they told last. */
  readonly servers: readonly ServerTelling[];
  readonly alerts: Overview["alerts"];
};

const most = { pods: 200, bans: 100, activity: 100, reasons: 20 } as const;

/** Everything but since when it is so. */
export function overviewOf(parts: OverviewParts): Omit<Overview, "since"> {
  const { now, name, bridge, servers, alerts } = parts;
  const telling = "telling" in bridge ? bridge.telling : undefined;
  const bans = bansOf(servers);
  return {
    at: timestamp(now),
    name: name.slice(0, 256),
    ...judgementOf(bridge, servers),
    bridge: shownBridge(bridge),
    pods: [...(telling === undefined ? [] : [telling.bridge]), ...servers.map(({ report }) => report)].slice(
      0,
      most.pods,
    ),
    bans: bans.slice(0, most.bans),
    bans_total: Math.max(bans.length, ...servers.map(({ bans_total }) => bans_total)),
    alerts,
    activity: [...(telling?.activity ?? []), ...banActivity(bans), ...startActivity(servers)]
      .toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))
      .slice(0, most.activity),
  };
}

function shownBridge(seen: BridgeSeen): Overview["bridge"] {
  const since = timestamp(seen.since);
  if ("error" in seen) return { reachable: false, since, error: seen.error.slice(0, 256) };
  // Only what is shown: what servers told is told once more by itself.
  const { servers: _servers, missing: _missing, recent: _recent, ...state } = seen.telling;
  return { reachable: true, since, state };
}

/** How it all is, and why it is not well. */
function judgementOf(bridge: BridgeSeen, servers: readonly ServerTelling[]): { health: Health; reasons: string[] } {
  const pods = servers.map(({ report }) => report).filter(({ draining }) => !draining);
  const troubled = pods.filter(({ health }) => health !== "healthy");
  const ofPods = troubled.map(({ name, reasons }) => `${name}: ${reasons.join("; ") || "not well"}`);
  const health = worst(healthOfBridge(bridge), troubled.length === 0 ? "healthy" : "degraded");
  const reasons = [...reasonsOfBridge(bridge), ...ofPods];
  return { health, reasons: reasons.slice(0, most.reasons).map((reason) => reason.slice(0, 256)) };
}

const healthOfBridge = (bridge: BridgeSeen): Health => ("error" in bridge ? "unhealthy" : bridge.telling.bridge.health);

function reasonsOfBridge(bridge: BridgeSeen): string[] {
  if ("error" in bridge) return [`the bridge does not answer: ${bridge.error}`];
  const { bridge: report, queue, refusals } = bridge.telling;
  return [
    ...report.reasons,
    ...(queue.pending >= queue.limit * 0.8 ? [`${queue.pending} of ${queue.limit} messages wait`] : []),
    ...(refusals.length === 0 ? [] : [`chats that refuse messages: ${refusals.map(({ chat }) => chat).join(", ")}`]),
  ];
}

function worst(a: Health, b: Health): Health {
  if (a === "unhealthy" || b === "unhealthy") return "unhealthy";
  return a === "degraded" || b === "degraded" ? "degraded" : "healthy";
}

/** A ban of each server its own, shown once with all its servers; the newest first. */
function bansOf(servers: readonly ServerTelling[]): readonly ShownBan[] {
  const shown = new Map<string, ShownBan>();
  for (const { report, bans } of servers) {
    for (const ban of bans) {
      const key = JSON.stringify([ban.address, ban.reason, ban.client]);
      const known = shown.get(key);
      shown.set(
        key,
        known === undefined ? { ...ban, pods: [report.name] } : joined(known, { ...ban, pods: [report.name] }),
      );
    }
  }
  return [...shown.values()].toSorted((a, b) => Date.parse(b.since) - Date.parse(a.since));
}

function joined(a: ShownBan, b: ShownBan): ShownBan {
  const [since = a.since] = [a.since, b.since].toSorted();
  const [until = a.until] = [a.until, b.until].toSorted().toReversed();
  return { ...a, since, until, pods: [...new Set([...a.pods, ...b.pods])].slice(0, 100) };
}

function banActivity(bans: readonly ShownBan[]): readonly Activity[] {
  return bans.map(({ address, since, client, pods }) => ({
    at: since,
    kind: "ban" as const,
    text: `${client === undefined ? "An address was" : "A key was"} banned: ${address}`,
    ...(client !== undefined && { client }),
    ...(pods.length === 1 && pods[0] !== undefined && { pod: pods[0] }),
  }));
}

const startActivity = (servers: readonly ServerTelling[]): readonly Activity[] =>
  servers.map(({ report }: { readonly report: PodReport }) => ({
    at: report.started_at,
    kind: "started" as const,
    text: "A server has started",
    pod: report.name,
  }));

const timestamp = (time: number): string => new Date(time).toISOString();
