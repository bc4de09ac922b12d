import { expect, test } from "vitest";
import { type ServerTelling, tellingServers, tellingTimes } from "../../../../contract/monitoring-servers.ts";
import { Servers } from "../../../../server/bridge/monitoring/servers.ts";

function telling(process: string, requests: number, draining = false): ServerTelling {
  const per_minute = { requests: 0, errors: 0, limited: 0, unauthenticated: 0, tool_calls: 0 };
  const usage = { draining, memory_bytes: 1, event_loop_delay_ms: 0, streams: 0, per_minute };
  const times = { started_at: "2026-01-01T00:00:00Z", seen_at: "2026-01-01T00:00:00Z" };
  return {
    process,
    report: { name: process, role: "server", version: "1", health: "healthy", reasons: [], ...times, ...usage },
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

const { goneMs, missedMs } = tellingTimes;
const missing = (servers: Servers, now: number) => servers.missing(now).map(({ name }) => name);

test("one that falls silent is missed for a while, and not when it said that it ends", () => {
  const servers = new Servers();
  for (const name of ["killed", "ended"]) servers.tell(telling(name, 0), 0);
  servers.tell(telling("ended", 0, true), 1_000);
  expect(missing(servers, goneMs)).toEqual([]);
  expect(servers.missing(goneMs + 1_001)).toEqual([{ name: "killed", last_seen_at: "1970-01-01T00:00:00.000Z" }]);
  expect(missing(servers, missedMs)).toEqual(["killed"]);
  expect(missing(servers, missedMs + 1)).toEqual([]);
});

test("each that starts takes the place of one, before and after that one is missed", () => {
  const servers = new Servers();
  for (const name of ["a", "b", "c", "d"]) servers.tell(telling(name, 0), 0);
  servers.tell(telling("e", 0), 10_000);
  expect(missing(servers, goneMs + 1)).toEqual(["b", "c", "d"]);
  servers.tell({ ...telling("another process", 0), report: telling("c", 0).report }, goneMs + 2);
  expect(missing(servers, goneMs + 3)).toEqual(["b", "d"]);
  servers.tell(telling("f", 0), goneMs + 4);
  expect(missing(servers, goneMs + 5)).toEqual(["d"]);
  // Whoever took one's place takes no other one's.
  servers.tell(telling("f", 0), goneMs + 6);
  expect(missing(servers, goneMs + 7)).toEqual(["d"]);
});
