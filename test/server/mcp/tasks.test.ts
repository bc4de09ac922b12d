import { once } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { ServerError } from "../../../contract/errors.ts";
import type { InputRequest } from "../../../server/features/interaction.ts";
import { Tasks } from "../../../server/mcp/tasks/tasks.ts";
import { beginSession, keys, postStateless } from "../support/server.ts";
import { workSite } from "../support/work-site.ts";

const another = "key-of-another-client-that-may-do-everything";
const twoClients = JSON.stringify({
  [keys.all]: { name: "admin", permissions: ["*"], enabled: true },
  [another]: { name: "another", permissions: ["*"], enabled: true },
});

const site = workSite({ MCP_API_KEYS: twoClients });

const tasks = "io.modelcontextprotocol/tasks";
const both = { elicitation: {}, extensions: { [tasks]: {} } };

type Answer = {
  status: number;
  result: { resultType: string; taskId: string; status: string; inputRequests?: Record<string, InputRequest> };
  error: { code: number; data: object };
};

async function ask(
  method: string,
  params: Record<string, unknown>,
  capabilities: object = both,
  key: string = keys.all,
) {
  const _meta = { "io.modelcontextprotocol/clientCapabilities": capabilities };
  const headers = typeof params.taskId === "string" ? { "mcp-name": params.taskId } : {};
  const response = await postStateless(site.server, key, { method, params: { ...params, _meta } }, headers);
  return { status: response.status, ...((await response.json()) as object) } as Answer;
}

const call = (capabilities?: object) => ask("tools/call", { name: "work", arguments: {} }, capabilities);
const get = async (taskId: string) => (await ask("tasks/get", { taskId })).result;
const reaches = (taskId: string, status: string) =>
  vi.waitUntil(async () => {
    const task = await get(taskId);
    return task.status === status ? task : undefined;
  });

const form = (message: string): InputRequest => ({ method: "elicitation/create", params: { message } });

describe("a call that becomes a task", () => {
  test("is answered at once, and tells its result when it is done", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    site.work = async ({ interaction }) => {
      expect(interaction.detach()).toBe(true);
      expect(interaction.detach(true)).toBe(true);
      interaction.progress(1);
      interaction.log("emergency", "nobody hears this");
      return promise;
    };
    const { result } = await call();
    const working = {
      taskId: expect.stringMatching(/^.{36}$/),
      status: "working",
      createdAt: expect.any(String),
      lastUpdatedAt: expect.any(String),
      ttlMs: expect.any(Number),
      pollIntervalMs: expect.any(Number),
    };
    expect(result).toEqual({ resultType: "task", ...working });
    const { taskId } = result;
    expect(await get(taskId)).toEqual({ resultType: "complete", ...working, _meta: expect.anything() });
    resolve("the work is done");
    expect(await reaches(taskId, "completed")).toMatchObject({ result: { content: [{ text: "the work is done" }] } });
  });

  test("waits with the answer for a client that knows no tasks", async () => {
    site.work = async ({ interaction }) => String(interaction.detach());
    expect((await call({})).result).toMatchObject({ resultType: "complete", content: [{ text: "false" }] });
    const session = await beginSession(site.server, keys.all);
    const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "work" } };
    expect(await (await session.post(message)).json()).toMatchObject({ result: { content: [{ text: "false" }] } });
    const rest = await site.server.fetch("/tools/work", { key: keys.all, json: {} });
    expect(await rest.text()).toContain("false");
  });

  test("is refused to such a client, if it cannot be anything else", async () => {
    site.work = async ({ interaction }) => String(interaction.detach(true));
    const requiredCapabilities = { extensions: { [tasks]: {} } };
    expect(await call({})).toMatchObject({ status: 400, error: { code: -32021, data: { requiredCapabilities } } });
  });

  test("tells an error as the call would have: the tool's in the result, the protocol's as one", async () => {
    site.work = async ({ interaction }) => {
      interaction.detach();
      throw new ServerError("BRIDGE_UNAVAILABLE", { reason: "it is away" });
    };
    const first = (await call()).result.taskId;
    expect(await reaches(first, "completed")).toMatchObject({ result: { isError: true } });
    site.work = async ({ interaction }) => {
      interaction.detach();
      throw new ServerError("INVALID_PARAMS", { problems: "all of them" });
    };
    const second = await reaches((await call()).result.taskId, "failed");
    expect(second).toMatchObject({ error: { code: -32602, message: expect.any(String) } });
    expect(second).not.toHaveProperty("result");
  });

  test("asks by its state, each question under a key of its own, and takes answers one by one", async () => {
    site.work = async ({ interaction }) => {
      interaction.detach();
      const { a, b } = await interaction.input({ a: form("a?"), b: form("b?") });
      const { a: again } = await interaction.input({ a: form("again?") });
      return [a, b, again].map((answer) => answer?.action).join(" ");
    };
    const { taskId } = (await call()).result;
    const { inputRequests = {} } = await reaches(taskId, "input_required");
    const [first = "", second = ""] = Object.keys(inputRequests);
    expect(Object.values(inputRequests)).toEqual([form("a?"), form("b?")]);
    const update = (inputResponses: object) => ask("tasks/update", { taskId, inputResponses });
    await update({ [first]: { action: "accept" }, nothing: { action: "accept" }, [second]: "no object" });
    expect((await get(taskId)).inputRequests).toEqual({ [second]: form("b?") });
    expect((await update({ [second]: { action: "decline" }, [first]: { action: "cancel" } })).result).toEqual({
      resultType: "complete",
      _meta: expect.anything(),
    });
    const third = await vi.waitUntil(async () => Object.keys((await get(taskId)).inputRequests ?? {})[0]);
    expect([first, second]).not.toContain(third);
    await update({ [third]: { action: "accept" } });
    expect(await reaches(taskId, "completed")).toMatchObject({
      result: { content: [{ text: "accept decline accept" }] },
    });
  });

  test("ends by the client's word, whatever the tool then says", async () => {
    const ended = Promise.withResolvers<string>();
    site.work = async ({ interaction }) => {
      interaction.detach();
      await once(interaction.signal, "abort");
      ended.resolve("ended");
      return "too late";
    };
    const { taskId } = (await call()).result;
    expect((await ask("tasks/cancel", { taskId })).result).toMatchObject({ resultType: "complete" });
    expect(await ended.promise).toBe("ended");
    expect((await ask("tasks/cancel", { taskId })).result).toMatchObject({ resultType: "complete" });
    expect(await get(taskId)).toMatchObject({ status: "cancelled" });
    expect(await get(taskId)).not.toHaveProperty("result");
  });

  test("is refused what it waits for when it is cancelled", async () => {
    const refused = Promise.withResolvers<unknown>();
    site.work = async ({ interaction }) => {
      interaction.detach();
      await interaction.input({ a: form("a?") }).catch(refused.resolve);
      return "";
    };
    const { taskId } = (await call()).result;
    await reaches(taskId, "input_required");
    await ask("tasks/cancel", { taskId });
    expect(await refused.promise).toMatchObject({ code: "CLIENT_REFUSED" });
  });

  test("goes on when the client has gone", async () => {
    const later = Promise.withResolvers<string>();
    site.work = async ({ interaction }) => {
      const { signal: before } = interaction;
      interaction.detach();
      await once(before, "abort");
      expect(interaction.signal.aborted).toBe(false);
      return later.promise;
    };
    const { taskId } = (await call()).result;
    later.resolve("still here");
    expect(await reaches(taskId, "completed")).toMatchObject({ result: { content: [{ text: "still here" }] } });
  });
});

describe("methods of tasks", () => {
  const methods = ["tasks/get", "tasks/update", "tasks/cancel"];
  const params = (taskId: string) => ({ taskId, inputResponses: {} });

  test.each(methods)("%s is for clients that have declared tasks", async (method) => {
    expect(await ask(method, params("x"), {})).toMatchObject({ status: 400, error: { code: -32021 } });
  });

  test.each(methods)("%s knows neither what is not there nor what is another client's", async (method) => {
    site.work = async ({ interaction }) => String(interaction.detach());
    const { taskId } = (await call()).result;
    for (const [id, key] of [
      [taskId, another],
      ["x", keys.all],
      ["", keys.all],
    ] as const) {
      expect(await ask(method, params(id), both, key)).toMatchObject({ status: 400, error: { code: -32602 } });
    }
    expect(await ask(method, params(taskId))).toMatchObject({ status: 200 });
  });

  test.each(methods)("%s has the task in Mcp-Name", async (method) => {
    const _meta = { "io.modelcontextprotocol/clientCapabilities": both };
    const post = (headers: Record<string, string>) =>
      postStateless(site.server, keys.all, { method, params: { ...params("one"), _meta } }, headers);
    expect(await (await post({ "mcp-name": "two" })).json()).toMatchObject({ error: { code: -32020 } });
    expect(await (await post({})).json()).toMatchObject({ error: { code: -32020 } });
  });
});

describe("the tasks of a process", () => {
  test("are bounded for each client, and end", () => {
    let now = 0;
    let count = 0;
    const all = new Tasks({ clock: () => now, newId: () => `task-${++count}` });
    const first = all.create("a");
    for (let number = 1; number < 100; number++) all.create("a");
    expect(() => all.create("a")).toThrow(ServerError);
    expect(all.create("b").id).toBe("task-101");
    now = first.endsAt - 1;
    expect(all.find("task-1", "a")).toBe(first);
    now += 1;
    expect(all.find("task-1", "a")).toBeUndefined();
    expect(first.signal.aborted).toBe(true);
    expect(all.create("a").id).toBe("task-102");
  });
});
