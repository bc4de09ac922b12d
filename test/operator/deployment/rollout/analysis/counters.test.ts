import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { countersIn } from "../../../../../operator/deployment/rollout/analysis/counters.ts";
import { percentileOf } from "../../../../../operator/deployment/rollout/analysis/judgement.ts";
import { keys, startServer, type TestServer } from "../../../../server/support/server.ts";

describe("the real server", () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer("http://127.0.0.1:9");
  });
  afterEach(() => server.close());

  test("counts calls and errors of clients, and no health checks", async () => {
    const before = countersIn(await server.metrics());
    expect(before).toMatchObject({ calls: 0, errors: 0 });
    await server.fetch("/health/live");
    await server.fetch("/health");
    await server.fetch("/tools", { key: keys.all });
    await server.fetch("/tools");
    // Without a bridge.
    await server.fetch("/tools/send_telegram_message", {
      key: keys.all,
      method: "POST",
      json: { title: "Hello", message: "Hello" },
    });
    const after = countersIn(await server.metrics());
    expect(after).toMatchObject({ calls: 3, errors: 1 });
    expect(after?.durations.get(Number.POSITIVE_INFINITY)).toBe(3);
    expect(percentileOf(after?.durations ?? new Map(), 95)).toBeLessThan(10);
  });
});

const request = 'http_requests_total{method="POST",route="/mcp",status="200"}';
const all = 'http_request_duration_seconds_bucket{le="+Inf",method="POST",route="/mcp"}';

test.each([
  ["nothing", ""],
  ["another program's metrics", "up 1\nhttp_requests_total_of_mine 3\n"],
  ["counts without durations", `${request} 3`],
  ["durations without counts", `${all} 3`],
  ["counts below zero", `${request} -3\n${all} 3`],
  ["counts that are no numbers", `${request} many\n${all} 3`],
  ["endless counts", `${request} +Inf\n${all} 3`],
  ["a page", "<html>http_requests_total</html>"],
])("%s has no counters", (_what, text) => {
  expect(countersIn(text)).toBeUndefined();
});

test("what is no counter beside them is skipped, and a stream of a client is no slow call", () => {
  const text = [
    "# HELP http_requests_total HTTP requests answered",
    `${request} 4 1760000000000`,
    `${request} NaN`,
    'http_requests_total{route="/we}ird\\"",status="503"} 2',
    "http_requests_total",
    'http_requests_total{method="GET",route="/health/ready",status="503"} 9',
    `${all} 4`,
    'http_request_duration_seconds_bucket{le="+Inf",method="GET",route="/mcp"} 7',
    'http_request_duration_seconds_bucket{le="never",method="POST",route="/mcp"} 7',
    'http_request_duration_seconds_bucket{le="0.5",method="POST",route="/mcp"} 3',
    "process_start_time_seconds 17",
  ].join("\n");
  expect(countersIn(text)).toEqual({
    startedAt: 17,
    calls: 6,
    errors: 2,
    durations: new Map([
      [Number.POSITIVE_INFINITY, 4],
      [0.5, 3],
    ]),
  });
});

test("a pod that counts by a million bounds keeps no more than a hundred of them", () => {
  const bounds = Array.from({ length: 5_000 }, (_, at) => `http_request_duration_seconds_bucket{le="${at + 1}"} 1`);
  const text = [request, " 1\n", all, " 1\n", bounds.join("\n")].join("");
  expect(countersIn(text)?.durations.size).toBe(100);
});
