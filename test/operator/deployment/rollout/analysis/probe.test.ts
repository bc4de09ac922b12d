import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type MetricsTarget, metricsProbe } from "../../../../../operator/deployment/rollout/analysis/probe.ts";
import { plainFetch } from "../../../../../operator/runtime/plain-http.ts";

const target: MetricsTarget = {
  ...{ namespace: "tools", name: "team", uid: "one", deployment: "team-mcp-server-green", template: "two" },
  ...{ attempt: "2 now", durationSeconds: 5, limits: { minCalls: 10, maxErrorPercent: 10 } },
};

const exposed = (calls: number, errors = 0) =>
  [
    `http_requests_total{method="POST",route="/mcp",status="200"} ${calls - errors}`,
    `http_requests_total{method="POST",route="/mcp",status="500"} ${errors}`,
    `http_request_duration_seconds_bucket{le="+Inf",method="POST",route="/mcp"} ${calls}`,
  ].join("\n");

describe("pods", () => {
  /** Answers by address; asks every 3 s. */
  function probing(answers: Record<string, () => string>) {
    let at = 0;
    const asked: string[] = [];
    const { probe, forget } = metricsProbe({
      now: () => at,
      podsOf: () => Object.keys(answers).map((address) => ({ uid: `uid of ${address}`, address })),
      fetch: async (url) => {
        asked.push(url);
        return new Response(answers[new URL(url).hostname.replace(/[[\]]/g, "")]?.());
      },
    });
    const ask = async (times = 1) => {
      let result = await probe(target);
      for (let time = 1; time < times; time += 1) {
        at += 3_000;
        result = await probe(target);
      }
      return result;
    };
    return { ask, asked, forget };
  }

  test("are all asked at their own addresses, and judged together", async () => {
    let calls = 0;
    const counted = () => {
      calls += 10;
      return exposed(calls, calls / 10);
    };
    const { ask, asked } = probing({ "10.0.0.1": counted, "fd00::2": counted });
    expect(await ask(3)).toEqual({ template: "two", passed: true });
    expect(asked.slice(0, 2)).toEqual(["http://10.0.0.1:9090/metrics", "http://[fd00::2]:9090/metrics"]);
  });

  test("that cannot be read keep the version waiting, and the others do not stand for them", async () => {
    const { ask } = probing({ "10.0.0.1": () => exposed(100), "10.0.0.2": () => "no metrics" });
    expect(await ask(3)).toEqual({
      template: "two",
      passed: false,
      waits: "the metrics of its pods cannot be read: the counters of requests are not among them",
    });
  });

  test("that are not there keep it waiting, too", async () => {
    expect((await probing({}).ask(3)).waits).toBe("the metrics of its pods cannot be read: none is ready");
  });

  test("begin anew when nobody has asked for them meanwhile", async () => {
    let calls = 0;
    const { ask, forget } = probing({
      "10.0.0.1": () => {
        calls += 10;
        return exposed(calls);
      },
    });
    expect((await ask(3)).passed).toBe(true);
    forget("one");
    expect((await ask()).passed).toBe(false);
  });
});

describe("a hostile pod", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  const readFrom = async (answer: RequestListener, timeoutMs = 400) => {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const { probe } = metricsProbe({
      now: Date.now,
      timeoutMs,
      podsOf: () => [{ uid: "a", address: "127.0.0.1" }],
      fetch: (url, init) => plainFetch(url.replace(":9090", `:${port}`), init),
    });
    return (await probe(target)).waits?.replace("the metrics of its pods cannot be read: ", "");
  };

  test("that leads elsewhere is followed nowhere", async () => {
    let wasFollowed = false;
    const found = await readFrom((request, response) => {
      if (request.url !== "/metrics") wasFollowed = true;
      response.writeHead(302, { location: "/elsewhere" }).end();
    });
    expect([found, wasFollowed]).toEqual(["they are answered with HTTP 302", false]);
  });

  test("that never ends is given up, as is one that says nothing", async () => {
    const endless = await readFrom((_request, response) => {
      const timer = setInterval(() => response.write("# x\n"), 20);
      response.on("close", () => clearInterval(timer));
    });
    expect([endless, await readFrom(() => undefined)]).toEqual(Array(2).fill("there is no complete answer"));
  });

  test("that says too much is cut off", async () => {
    const found = await readFrom((_request, response) => {
      const piece = "# x\n".repeat(16_384);
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
      };
      response.on("drain", more);
      more();
    });
    expect(found).toBe("there is no complete answer");
  });

  test("may have the metrics of a real server, which are larger than other answers", async () => {
    const found = await readFrom(
      (_request, response) => response.end(`${"# a comment\n".repeat(10_000)}${exposed(3)}`),
      20_000,
    );
    expect(found).toBeUndefined();
  });
});
