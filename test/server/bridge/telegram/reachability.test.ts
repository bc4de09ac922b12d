import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Reachability } from "../../../../server/bridge/telegram/reachability.ts";
import type { CheckResult } from "../../../../server/bridge/telegram/telegram-client.ts";

const start = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();
const well: CheckResult = { kind: "reachable", me: { username: "team_bot" } };
const ill: CheckResult = { kind: "unreachable", error: "no route to host" };

beforeEach(() => {
  vi.useFakeTimers({ now: start });
});
afterEach(() => {
  vi.useRealTimers();
});

test("tells since when Telegram answers or not, and how long the last check took", async () => {
  let result: CheckResult = well;
  let tookMs = 250;
  const check = async () => {
    await new Promise((resolve) => setTimeout(resolve, tookMs));
    return result;
  };
  const reachability = new Reachability({ check, now: Date.now, onChange: () => {}, onPause: () => {} });
  expect(reachability.status).toMatchObject({ reachable: false, since: at(0) });
  expect(reachability.status).not.toHaveProperty("latency_ms");
  reachability.check();
  await vi.advanceTimersByTimeAsync(250);
  expect(reachability.status).toMatchObject({ reachable: true, since: at(0.25), latency_ms: 250 });
  await vi.advanceTimersByTimeAsync(10_000);
  reachability.succeeded();
  expect(reachability.status).toMatchObject({ since: at(0.25), latency_ms: 250, checked_at: at(10.25) });
  result = ill;
  tookMs = 1_000;
  await vi.advanceTimersByTimeAsync(31_000);
  expect(reachability.status).toMatchObject({ reachable: false, since: at(41.25), latency_ms: 1_000 });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(reachability.status).toMatchObject({ reachable: false, since: at(41.25) });
  reachability.stop();
});

test("tells a refused token from a Telegram that does not answer, until it answers again", async () => {
  const results: CheckResult[] = [{ kind: "unauthorized", error: "401: Unauthorized" }, ill, well];
  const check = async () => results.shift() ?? well;
  const told: unknown[] = [];
  const onChange = ({ token_refused }: { readonly token_refused?: boolean }) => void told.push(token_refused);
  const reachability = new Reachability({ check, now: Date.now, onChange, onPause: () => {} });
  reachability.check();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual([true, undefined, undefined]);
  reachability.refused("401: Unauthorized");
  expect(reachability.status).toMatchObject({ reachable: false, token_refused: true });
  reachability.stop();
});
