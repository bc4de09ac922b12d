import { expect, test } from "vitest";
import { type ServerTelling, tellingServers, tellingTimes } from "../../../../contract/monitoring-servers.ts";
import { Servers } from "../../../../server/bridge/monitoring/servers.ts";

function telling(process: string, requests: number, changed: Partial<ServerTelling["report"]> = {}): ServerTelling {
  const per_minute = { requests: 0, errors: 0, limited: 0, unauthenticated: 0, tool_calls: 0 };
  const usage = { draining: false, memory_bytes: 1, event_loop_delay_ms: 0, streams: 0, per_minute };
  const times = { started_at: "2026-01-01T00:00:00Z", seen_at: "2026-01-01T00:00:00Z" };
  return {
    process,
    report: {
      name: process,
      role: "server",
      version: "1",
      health: "healthy",
      reasons: [],
      ...times,
      ...usage,
      ...changed,
    },
    totals: { requests, errors: 0, limited: 0, unauthenticated: 0 },
    ...{ slow_share: 0, keys_failed: false, bans: [], bans_total: 0 },
  };
}

const names = (servers: Servers, now: number) => servers.list(now).map(({ process }) => process);

test("one that is silent for half a minute is gone, and has room for another one", () => {
  const servers = new Servers();
  for (let n = 0; n < tellingServers; n += 1) servers.tell(telling(`p${n}`, 0), 0);
  servers.tell(telling("p0", 0), 10_000);
  expect(() => servers.tell(telling("late", 0), tellingTimes.goneMs)).toThrow("100 servers tell");
  servers.tell(telling("late", 0), tellingTimes.goneMs + 1);
  expect(names(servers, tellingTimes.goneMs + 1)).toEqual(["p0", "late"]);
  expect(names(servers, 10_000 + tellingTimes.goneMs + 1)).toEqual(["late"]);
});

test("what it counted is counted once: a telling that comes again, is lost, or is of a new process, changes nothing", () => {
  const servers = new Servers();
  const requests = (process: string, total: number) => servers.tell(telling(process, total), 0).requests;
  // How long it has counted already is not known.
  expect(requests("p", 100)).toBe(0);
  expect(requests("p", 110)).toBe(10);
  expect(requests("p", 110)).toBe(0);
  expect(requests("p", 130)).toBe(20);
  expect(requests("p", 5)).toBe(0);
  expect(requests("another", 4)).toBe(0);
  expect(requests("p", Number.MAX_SAFE_INTEGER)).toBe(10_000_000);
});

test("one that fell silent is missed for ten minutes, unless it said that it ends, or its pod tells again", () => {
  const servers = new Servers();
  const missed = (now: number) => servers.missed(now).map(({ name, at }) => `${name} ${at}`);
  servers.tell(telling("killed", 0), 1_000);
  servers.tell(telling("ended", 0, { draining: true }), 1_000);
  servers.tell(telling("first", 0, { name: "restarted at once" }), 1_000);
  servers.tell(telling("late", 0, { name: "restarted later" }), 1_000);
  servers.tell(telling("second", 0, { name: "restarted at once" }), 6_000);
  expect(missed(1_000 + tellingTimes.goneMs)).toEqual([]);
  const gone = 1_001 + tellingTimes.goneMs;
  expect(missed(gone)).toEqual(["killed 1000", "restarted later 1000"]);
  servers.tell(telling("later", 0, { name: "restarted later" }), gone);
  expect(missed(gone)).toEqual(["killed 1000"]);
  for (let now = gone; now <= 1_000 + tellingTimes.missedMs; now += 5_000) {
    for (const name of ["restarted at once", "restarted later"]) servers.tell(telling(name, 0, { name }), now);
    expect(missed(now)).toEqual(["killed 1000"]);
  }
  for (const name of ["restarted at once", "restarted later"])
    servers.tell(telling(name, 0, { name }), tellingTimes.missedMs);
  expect(missed(1_001 + tellingTimes.missedMs)).toEqual([]);
});

test("no more are missed than may tell, the newest", () => {
  const servers = new Servers();
  for (let turn = 0; turn < 3; turn += 1)
    for (let n = 0; n < tellingServers; n += 1)
      servers.tell(telling(`p${turn}-${n}`, 0), turn * (tellingTimes.goneMs + 1));
  const missed = servers.missed(3 * (tellingTimes.goneMs + 1));
  expect(missed).toHaveLength(tellingServers);
  expect(missed.at(0)?.name).toBe("p2-0");
});
