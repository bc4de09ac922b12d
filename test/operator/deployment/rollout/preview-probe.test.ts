import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { apiKeysSecret } from "../../../../operator/deployment/desired/secrets.ts";
import { type PreviewTarget, previewProbe } from "../../../../operator/deployment/rollout/preview-probe.ts";
import { plainFetch } from "../../../../operator/runtime/plain-http.ts";
import { keys, startServer, type TestServer } from "../../../server/support/server.ts";
import { blueprint, specOf } from "../support/blueprint.ts";

const target = (fields: Partial<PreviewTarget> = {}): PreviewTarget => ({
  namespace: "tools",
  name: "team",
  uid: "one",
  template: "two",
  attempt: "2 now",
  verifierKey: keys.all,
  ...fields,
});

describe("the real server", () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer("http://127.0.0.1:9");
  });
  afterEach(() => server.close());

  /** The way that the Service would lead. */
  const led = (url: string, init: Parameters<typeof plainFetch>[1]) => {
    const { pathname } = new URL(url);
    const { host: _host, ...headers } = init.headers;
    return plainFetch(server.url + pathname, { ...init, headers });
  };

  test("waits without a bridge, which is no failure of the version", async () => {
    const { probe } = previewProbe({ fetch: led, now: Date.now });
    expect(await probe(target())).toEqual({ template: "two", passed: false });
  });

  test("fails with a key that may not call the tool", async () => {
    const { probe } = previewProbe({ fetch: led, now: Date.now });
    expect((await probe(target({ verifierKey: keys.nothing }))).problem).toBe(
      "a call of get_bridge_status was answered with HTTP 403",
    );
  });
});

test("only with BlueGreen, or while a version is tried, the verifier may call a tool, and only that one", () => {
  const permissionsOf = (rollout: object) => {
    const { object } = apiKeysSecret(blueprint(specOf({ rollout })));
    const [file] = Object.values(object.data as Record<string, string>);
    const entries = Object.values(JSON.parse(Buffer.from(file!, "base64").toString())) as {
      name: string;
      permissions: string[];
    }[];
    return entries.find(({ name }) => name === "cctelegram-operator")?.permissions;
  };
  expect(permissionsOf({})).toEqual([]);
  expect(permissionsOf({ strategy: "BlueGreen" })).toEqual(["get_bridge_status"]);
});

/** Answers by a plan: "." is a good one, "x" none, "w" one without a bridge. */
function planned(plan: string, everyMs = 1_000) {
  let [at, call] = [0, 0];
  const asked: { url: string; host: string | undefined }[] = [];
  const handshake = { result: { protocolVersion: "2025-11-25", serverInfo: { version: "2" } } };
  const { probe } = previewProbe({
    now: () => at,
    fetch: async (url, { headers }) => {
      asked.push({ url, host: headers.host });
      if (url.endsWith("/mcp")) return Response.json(handshake);
      const step = plan[call];
      if (step === "x") throw new Error("refused");
      return Response.json({ running: step === "." });
    },
  });
  return {
    asked,
    run: async (fields: Partial<PreviewTarget>) => {
      call = 0;
      let last = await probe(target(fields));
      for (call = 1; call < plan.length && last.problem === undefined; call += 1) {
        at += everyMs;
        last = await probe(target(fields));
      }
      return { last, calls: call };
    },
  };
}

test("it is asked through its own Service, under the name by which clients know it", async () => {
  const { run, asked } = planned(".");
  expect((await run({})).last).toEqual({ template: "two", passed: true });
  expect(asked).toEqual([
    { url: "http://team-mcp-server-preview.tools.svc:8080/mcp", host: "team-mcp-server.tools.svc:8080" },
    {
      url: "http://team-mcp-server-preview.tools.svc:8080/tools/get_bridge_status",
      host: "team-mcp-server.tools.svc:8080",
    },
  ]);
});

describe("analysis", () => {
  const analysis = (maxErrorPercent: number) => ({ analysis: { durationSeconds: 10, maxErrorPercent } });

  test.each([
    { what: "no failure for long enough", plan: "...........", max: 0, passed: true },
    { what: "not long enough", plan: "..........", max: 0, passed: false },
    { what: "failures that are allowed, but not long enough", plan: ".xxx", max: 90, passed: false },
    { what: "as many failures as allowed", plan: ".....x.....", max: 10, passed: true },
    { what: "waiting for the bridge, which is no failure", plan: "....ww.....", max: 0, passed: true },
  ])("$what", async ({ plan, max, passed }) => {
    const { last } = await planned(plan).run(analysis(max));
    expect(last).toEqual({ template: "two", passed });
  });

  test("one failure too many ends it at once", async () => {
    const { last, calls } = await planned("..x...........").run(analysis(0));
    expect([last.passed, last.problem, calls]).toEqual([
      false,
      "more than 0 % of the calls of rollout.analysis failed",
      3,
    ]);
  });

  test("another version starts anew", async () => {
    const { run } = planned("...........");
    await run(analysis(0));
    expect((await run({ ...analysis(0), template: "three", attempt: "3 then" })).last.passed).toBe(true);
  });

  test("the same version has another chance when it is tried again", async () => {
    const { run } = planned("..x...........");
    expect((await run(analysis(0))).last.passed).toBe(false);
    const again = planned("...........");
    await again.run({ ...analysis(0), attempt: "2 now" });
    expect((await again.run({ ...analysis(0), attempt: "2 later" })).last.passed).toBe(true);
  });
});
