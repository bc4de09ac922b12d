import { beforeEach, describe, expect, test } from "vitest";
import type { InputRequest, LogLevel } from "../../../server/features/interaction.ts";
import { logLevels } from "../../../server/features/interaction.ts";
import { beginSession, keys, postStateless } from "../support/server.ts";
import { workSite } from "../support/work-site.ts";

const site = workSite();

const form = (message: string): InputRequest => ({
  method: "elicitation/create",
  params: { mode: "form", message, requestedSchema: { type: "object", properties: {} } },
});

const answer = (value: string) => ({ action: "accept", content: { value } });

type Result = {
  resultType: string;
  requestState?: string;
  inputRequests?: Record<string, InputRequest>;
  content: [{ text: string }];
};

async function call(more: Record<string, unknown> = {}, capabilities: object = { elicitation: {} }) {
  const _meta = { "io.modelcontextprotocol/clientCapabilities": capabilities };
  const params = { name: "work", arguments: {}, _meta, ...more };
  const response = await postStateless(site.server, keys.all, { method: "tools/call", params });
  return (await response.json()) as { result: Result; error: { code: number } };
}

describe("what a tool asks in MCP 2026-07-28", () => {
  let runs: number;

  beforeEach(() => {
    runs = 0;
    site.work = async ({ interaction }) => {
      runs += 1;
      const { name } = await interaction.input({ name: form("name?") });
      const { colour } = await interaction.input({ colour: form("colour?") });
      const { size } = await interaction.input({ size: form("size?") });
      return JSON.stringify(
        [name, colour, size].map((given) => (given?.content as { value: string } | undefined)?.value),
      );
    };
  });

  test("is asked once: what was answered in earlier rounds is still known in later ones", async () => {
    const { result: first } = await call();
    expect(first).toMatchObject({ resultType: "input_required", inputRequests: { name: form("name?") } });
    const { result: second } = await call({ inputResponses: { name: answer("Ada") } });
    expect(Object.keys(second.inputRequests ?? {})).toEqual(["colour"]);
    const { requestState } = second;
    const { result: third } = await call({ inputResponses: { colour: answer("red") }, requestState });
    expect(Object.keys(third.inputRequests ?? {})).toEqual(["size"]);
    const { result } = await call({ inputResponses: { size: answer("big") }, requestState: third.requestState });
    expect(result).toMatchObject({ resultType: "complete" });
    expect(JSON.parse(result.content[0].text)).toEqual(["Ada", "red", "big"]);
    expect(runs).toBe(4);
  });

  test("is asked again after an answer that is none", async () => {
    for (const inputResponses of [{ name: 12 }, { name: null }, { other: answer("x") }, null, "name", []]) {
      const { result } = await call({ inputResponses });
      expect(Object.keys(result.inputRequests ?? {})).toEqual(["name"]);
    }
  });

  test("cannot be answered with answers that somebody else's state holds", async () => {
    const { result } = await call({ inputResponses: { name: answer("Ada") } });
    const { requestState = "" } = result;
    const forged = `${Buffer.from(requestState.split(".")[0] ?? "", "base64url").toString()}`.replace("Ada", "Eve");
    const changed = `${Buffer.from(forged).toString("base64url")}.${requestState.split(".")[1]}`;
    expect((await call({ requestState: changed })).error.code).toBe(-32602);
  });

  test("has to come back with its state, when it has one", async () => {
    site.work = async ({ interaction }) => {
      await interaction.input({ name: form("name?") }, { step: 1 });
      return JSON.stringify(interaction.state);
    };
    const inputResponses = { name: answer("Ada") };
    const { result: unproved } = await call({ inputResponses });
    expect(unproved.resultType).toBe("input_required");
    const { result } = await call({ inputResponses, requestState: unproved.requestState });
    expect(JSON.parse(result.content[0].text)).toEqual({ step: 1 });
  });

  test("can be left out, when the client has not declared that it can be asked", async () => {
    const questions: Record<string, InputRequest> = {
      form: form("name?"),
      page: { method: "elicitation/create", params: { mode: "url" } },
      model: { method: "sampling/createMessage", params: {} },
      roots: { method: "roots/list" },
    };
    site.work = async ({ interaction }) =>
      JSON.stringify(Object.keys(questions).filter((name) => interaction.canAsk(questions[name] as InputRequest)));
    const possible = async (capabilities: object) =>
      JSON.parse((await call({}, capabilities)).result.content[0].text) as string[];
    expect(await possible({})).toEqual([]);
    expect(await possible({ elicitation: {} })).toEqual(["form"]);
    expect(await possible({ elicitation: { url: {} }, sampling: {}, roots: {} })).toEqual(["page", "model", "roots"]);
  });
});

describe("the log of a tool in a session", () => {
  beforeEach(() => {
    site.work = async ({ interaction }) => {
      for (const level of logLevels) interaction.log(level, level);
      return "done";
    };
  });

  async function heard(session: Awaited<ReturnType<typeof beginSession>>) {
    const response = await session.post({ jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "work" } });
    return [...(await response.text()).matchAll(/"level":"(\w+)"/g)].map(([, level]) => level);
  }

  const setLevel = (session: Awaited<ReturnType<typeof beginSession>>, level: unknown) =>
    session.post({ jsonrpc: "2.0", id: 1, method: "logging/setLevel", params: { level } });

  test("begins with info, and then with the level that the session has chosen", async () => {
    const session = await beginSession(site.server, keys.all);
    const another = await beginSession(site.server, keys.all);
    expect(await heard(session)).toEqual(logLevels.slice(1));
    for (const level of ["emergency", "debug", "warning"] satisfies LogLevel[]) {
      expect(await (await setLevel(session, level)).json()).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
      expect(await heard(session)).toEqual(logLevels.slice(logLevels.indexOf(level)));
    }
    expect(await heard(another)).toEqual(logLevels.slice(1));
  });

  test("has no level that MCP does not know", async () => {
    const session = await beginSession(site.server, keys.all);
    for (const level of ["loud", 3, null]) {
      expect(await (await setLevel(session, level)).json()).toMatchObject({ error: { code: -32602 } });
    }
  });
});
