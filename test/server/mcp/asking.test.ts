import { afterEach, describe, expect, test, vi } from "vitest";
import type { InputRequest } from "../../../server/features/interaction.ts";
import { ClientRequests } from "../../../server/mcp/client-requests.ts";
import type { Exchange } from "../../../server/mcp/exchange.ts";
import { beginSession, keys, postStateless } from "../support/server.ts";
import { workSite } from "../support/work-site.ts";

const form: InputRequest = {
  method: "elicitation/create",
  params: { message: "name?", requestedSchema: { type: "object", properties: {} } },
};
const page: InputRequest = {
  method: "elicitation/create",
  params: { mode: "url", message: "look", url: "https://example.com", elicitationId: "1" },
};
const model = (more: object = {}): InputRequest => ({
  method: "sampling/createMessage",
  params: { messages: [], maxTokens: 10, ...more },
});
const roots: InputRequest = { method: "roots/list" };

/** A request, capabilities that do not cover it, what is missing, and capabilities that do. */
const cases = [
  ["a form", form, {}, { elicitation: {} }, { elicitation: {} }],
  [
    "a form of a client that has pages only",
    form,
    { elicitation: { url: {} } },
    { elicitation: {} },
    { elicitation: { form: {} } },
  ],
  ["a page", page, { elicitation: {} }, { elicitation: { url: {} } }, { elicitation: { url: {} } }],
  ["a model", model(), {}, { sampling: {} }, { sampling: {} }],
  [
    "a model with tools",
    model({ tools: [] }),
    { sampling: {} },
    { sampling: { tools: {} } },
    { sampling: { tools: {} } },
  ],
  [
    "a model with the choice of tools",
    model({ toolChoice: { mode: "auto" } }),
    { sampling: {} },
    { sampling: { tools: {} } },
    { sampling: { tools: {} } },
  ],
  [
    "a model with context",
    model({ includeContext: "thisServer" }),
    { sampling: { tools: {} } },
    { sampling: { context: {} } },
    { sampling: { context: {} } },
  ],
  ["a model without context", model({ includeContext: "none" }), {}, { sampling: {} }, { sampling: {} }],
  ["roots", roots, { sampling: {}, elicitation: {} }, { roots: {} }, { roots: {} }],
] as const;

describe("what a client has not declared", () => {
  const site = workSite();

  const stateless = (capabilities: object, more: object = {}) => {
    const _meta = { "io.modelcontextprotocol/clientCapabilities": capabilities };
    return postStateless(site.server, keys.all, { method: "tools/call", params: { name: "work", _meta, ...more } });
  };

  test.each(cases)("is not asked in MCP 2026-07-28: %s", async (_what, request, too, missing, enough) => {
    site.work = async ({ interaction }) => JSON.stringify(await interaction.input({ it: request }));
    const refused = await stateless(too);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      error: { code: -32021, data: { requiredCapabilities: missing } },
    });
    expect(await (await stateless(enough)).json()).toMatchObject({
      result: { resultType: "input_required", inputRequests: { it: request } },
    });
  });

  test.each(cases)("is not asked in a session: %s", async (_what, request, too, missing, enough) => {
    site.work = async ({ interaction }) =>
      String(interaction.canAsk(request)) + JSON.stringify(await interaction.input({ it: request }));
    const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "work" } };
    const poor = await beginSession(site.server, keys.all, "2025-11-25", too);
    const refused = await (await poor.post(call)).text();
    expect(refused).not.toContain(request.method);
    expect(JSON.parse(refused)).toMatchObject({ error: { data: { requiredCapabilities: missing } } });
    const rich = await beginSession(site.server, keys.all, "2025-11-25", enough);
    const stream = await rich.post(call);
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain(request.method);
    await reader?.cancel();
  });

  test("a client that refuses, or that fails, is told to the tool", async () => {
    site.work = async ({ interaction }) => JSON.stringify((await interaction.input({ it: form })).it);
    const capabilities = { elicitation: {} };
    for (const action of ["decline", "cancel"]) {
      const response = await stateless(capabilities, { inputResponses: { it: { action } } });
      expect(await response.json()).toMatchObject({ result: { content: [{ text: JSON.stringify({ action }) }] } });
    }
    const session = await beginSession(site.server, keys.all, "2025-11-25", capabilities);
    const stream = await session.post({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "work" } });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    const id = /"id":"([^"]+)"/.exec((await reader?.read())?.value ?? "")?.[1];
    const error = { code: -1, message: "nobody is there" };
    expect((await session.post({ jsonrpc: "2.0", id, error })).status).toBe(202);
    expect((await reader?.read())?.value).toMatch(/"isError":true/);
  });
});

describe("requests of the server", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  const exchange = () => {
    const sent: { id?: string; method?: string; params?: object }[] = [];
    const send = (message: object) => sent.push(message) > 0;
    return { sent, exchange: { send, caller: { client: { id: "client" } } } as unknown as Exchange };
  };

  test("have an id of their own each", async () => {
    let count = 0;
    const requests = new ClientRequests(() => `id-${++count}`);
    const { sent, exchange: to } = exchange();
    const answers = [1, 2, 3].map(() => requests.ask(roots, to, new AbortController().signal));
    expect(sent.map(({ id }) => id)).toEqual(["id-1", "id-2", "id-3"]);
    for (const id of ["id-3", "id-1", "id-2"]) {
      expect(requests.settle({ kind: "response", id, result: { id } }, "another")).toBe(false);
      expect(requests.settle({ kind: "response", id, result: { id } }, "client")).toBe(true);
    }
    expect(await Promise.all(answers)).toEqual([{ id: "id-1" }, { id: "id-2" }, { id: "id-3" }]);
  });

  test("that are not answered in time are cancelled", async () => {
    vi.useFakeTimers();
    const requests = new ClientRequests(() => "id-1");
    const { sent, exchange: to } = exchange();
    const answer = expect(requests.ask(roots, to, new AbortController().signal)).rejects.toThrow(/in time/);
    await vi.advanceTimersByTimeAsync(300_000);
    await answer;
    expect(sent).toMatchObject([
      { id: "id-1", method: "roots/list" },
      { method: "notifications/cancelled", params: { requestId: "id-1", reason: expect.any(String) } },
    ]);
    expect(requests.settle({ kind: "response", id: "id-1", result: {} }, "client")).toBe(false);
  });
});
