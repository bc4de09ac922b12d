import { beforeAll, describe, expect, test, vi } from "vitest";
import type { Interaction } from "../../../server/features/interaction.ts";
import { logLevels } from "../../../server/features/interaction.ts";
import { beginSession, keys, postStateless, startServer } from "../support/server.ts";
import { workSite } from "../support/work-site.ts";
import { workFeatures } from "../support/work-tool.ts";

const site = workSite();

type Told = { method?: string; id?: number; params?: Record<string, unknown>; result?: Record<string, unknown> };

const eventsIn = (text: string): Told[] =>
  [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data ?? ""));

/** A call of the tool in each era, and the way to make it. */
const calls: Record<string, (meta?: object) => Promise<Response>> = {
  "2025-11-25": async (_meta = {}) => {
    const session = await beginSession(site.server, keys.all);
    return session.post({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "work", _meta } });
  },
  "2026-07-28": (_meta = {}) =>
    postStateless(site.server, keys.all, { method: "tools/call", params: { name: "work", _meta } }),
};

const revisions = Object.keys(calls);

const told = async (revision: string, meta?: object) => {
  const response = await (calls[revision] as (typeof calls)[string])(meta);
  const text = await response.text();
  return { response, events: text.startsWith("{") ? [JSON.parse(text) as Told] : eventsIn(text) };
};

describe.each(revisions)("progress in %s", (revision) => {
  test.each(["abc", 7, ""])(
    "comes under the client's token %j, always more, and before the answer",
    async (progressToken) => {
      site.work = ({ interaction }) => {
        for (const step of [1, 2, 2, 1.5, 3]) interaction.progress(step, 3, `step ${step}`);
        return "done";
      };
      const { response, events } = await told(revision, { progressToken });
      expect(response.headers.get("content-type")).toBe("text/event-stream");
      expect(response.headers.get("x-accel-buffering")).toBe("no");
      expect(events.slice(0, -1)).toEqual(
        [1, 2, 3].map((progress) => ({
          jsonrpc: "2.0",
          method: "notifications/progress",
          params: { progressToken, progress, total: 3, message: `step ${progress}` },
        })),
      );
      expect(events.at(-1)).toMatchObject({ id: 1, result: { content: [{ text: "done" }] } });
    },
  );

  test.each([undefined, null, 1.5, {}, ["abc"], true])("is not sent for the token %j", async (progressToken) => {
    site.work = ({ interaction }) => {
      interaction.progress(1);
      return "done";
    };
    const { response, events } = await told(revision, { progressToken });
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(events).toHaveLength(1);
  });

  test("ends with the answer, whatever a tool has left running", async () => {
    let late: (() => void) | undefined;
    site.work = ({ interaction }) => {
      late = () => {
        interaction.progress(1);
        interaction.log("emergency", "late");
      };
      return "done";
    };
    const { events } = await told(revision, { progressToken: 1, "io.modelcontextprotocol/logLevel": "debug" });
    expect(events).toHaveLength(1);
    late?.();
    expect((await told(revision)).events.at(-1)).toMatchObject({ result: { content: [{ text: "done" }] } });
  });
});

describe("what a tool logs in MCP 2026-07-28", () => {
  const level = "io.modelcontextprotocol/logLevel";
  const levels = async (meta?: object) =>
    (await told("2026-07-28", meta)).events.slice(0, -1).map(({ params }) => params?.level);

  beforeAll(() => {
    site.work = ({ interaction }) => {
      for (const each of logLevels) interaction.log(each, each);
      return "done";
    };
  });

  test("comes from the level on that the request names, before its answer", async () => {
    for (const least of logLevels) {
      expect(await levels({ [level]: least })).toEqual(logLevels.slice(logLevels.indexOf(least)));
    }
  });

  test("is kept from requests that name none", async () => {
    expect(await levels()).toEqual([]);
  });

  test.each(["loud", "INFO", 3, null, {}])("has no level %j: such a request is refused", async (unknown) => {
    const response = await (calls["2026-07-28"] as (typeof calls)[string])({ [level]: unknown });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: -32602, message: expect.stringContaining(level) } });
  });

  test("is declared by server/discover", async () => {
    const response = await postStateless(site.server, keys.all, { method: "server/discover" });
    expect(await response.json()).toMatchObject({ result: { capabilities: { logging: {} } } });
  });

  test("has one logger's name", async () => {
    const { events } = await told("2026-07-28", { [level]: "debug" });
    expect(new Set(events.slice(0, -1).map(({ params }) => params?.logger))).toEqual(new Set(["cctelegram"]));
  });
});

describe("who answers in MCP 2026-07-28", () => {
  const name = { "io.modelcontextprotocol/serverInfo": { name: "cctelegram-mcp-server", version: "0.1.0" } };

  test("stands in results, in those of failing tools, and in what asks for more", async () => {
    const elicitation = { "io.modelcontextprotocol/clientCapabilities": { elicitation: {} } };
    for (const [todo, result] of [
      [() => "done", { resultType: "complete" }],
      [() => Promise.reject(new Error("broken")), { resultType: "complete", isError: true }],
      [
        (interaction: Interaction) => interaction.input({ a: { method: "elicitation/create" } }).then(String),
        { resultType: "input_required" },
      ],
    ] as const) {
      site.work = ({ interaction }) => todo(interaction);
      const { events } = await told("2026-07-28", elicitation);
      expect(events[0]?.result).toMatchObject({ ...result, _meta: name });
    }
  });

  test("stands in what is refused before it is looked at, as a result of this revision", async () => {
    site.work = () => "done";
    const strict = await startServer(
      site.bridge.url,
      { MCP_RATE_LIMIT_REQUESTS: "1" },
      workFeatures(async () => "done"),
    );
    const call = { method: "tools/call", params: { name: "work" } };
    await vi.waitFor(async () => {
      const response = await postStateless(strict, keys.all, call);
      expect(await response.json()).toMatchObject({ result: { resultType: "complete", isError: true, _meta: name } });
    });
    await strict.close();
  });

  test("what is too large is a result of this revision, too", async () => {
    const params = { name: "work", arguments: { text: "x".repeat(300_000) } };
    const response = await postStateless(site.server, keys.all, { method: "tools/call", params });
    expect(await response.json()).toMatchObject({ id: 1, result: { resultType: "complete", isError: true } });
  });
});

describe.each(revisions)("a flood in %s", (revision) => {
  test("a tool that tells without end is slowed down, and its answer still comes", async () => {
    site.work = ({ interaction }) => {
      for (let step = 1; step <= 1_000; step++) {
        interaction.progress(step);
        interaction.log("error", step);
      }
      return "done";
    };
    const begun = performance.now();
    const { events } = await told(revision, { progressToken: "p", "io.modelcontextprotocol/logLevel": "error" });
    const seconds = Math.ceil((performance.now() - begun) / 1000);
    expect(events.length).toBeGreaterThan(10);
    // Fifty in each second, of which one may have begun before.
    expect(events.length).toBeLessThanOrEqual((seconds + 1) * 50 + 1);
    expect(events.at(-1)).toMatchObject({ id: 1, result: { content: [{ text: "done" }] } });
  });
});
