import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventTypeNames } from "../../../contract/event-types.ts";
import { prompts } from "../../../server/prompts/registry.ts";
import { resources } from "../../../server/resources/registry.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { connect, keys, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer;
let admin: Client;
let guest: Client;

beforeAll(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "1000" });
  admin = await connect(server.url, keys.all);
  guest = await connect(server.url, keys.nothing);
});

afterAll(async () => {
  await admin.close();
  await guest.close();
  await server.close();
  await bridge.close();
});

const textOf = async (client: Client, uri: string) => {
  const { contents } = await client.readResource({ uri });
  return (contents[0] as { text: string }).text;
};

describe("resources", () => {
  test("are listed in order, and those that need a permission to its holders alone", async () => {
    const uris = async (client: Client) => (await client.listResources()).resources.map(({ uri }) => uri);
    expect(await uris(admin)).toEqual(resources.map(({ uri }) => uri));
    expect(await uris(guest)).toEqual(["cctelegram://event-types", "cctelegram://event-templates"]);
  });

  test("can all be read, as what they say they are", async () => {
    for (const { uri, mimeType } of resources) {
      const { contents } = await admin.readResource({ uri });
      expect(contents).toEqual([{ uri, mimeType, text: expect.any(String) }]);
      expect(() => JSON.parse((contents[0] as { text: string }).text)).not.toThrow();
    }
    expect(JSON.parse(await textOf(admin, "cctelegram://event-types")).event_types).toHaveLength(eventTypeNames.length);
    expect(JSON.parse(await textOf(admin, "cctelegram://bridge-status"))).toMatchObject({ health: "healthy" });
  });

  test("each template of an event is what send_telegram_event takes", async () => {
    const { templates } = JSON.parse(await textOf(admin, "cctelegram://event-templates")) as {
      templates: { tool: string; arguments: Record<string, unknown> }[];
    };
    expect(templates.map((template) => template.arguments.type)).toEqual(eventTypeNames);
    const [first] = templates;
    const result = await admin.callTool({ name: first?.tool ?? "", arguments: first?.arguments ?? {} });
    expect(result.isError).toBeUndefined();
  });

  test("that are unknown, or not the caller's, are told apart by nobody", async () => {
    const unknown = await admin.readResource({ uri: "cctelegram://nothing" }).catch((error) => error);
    const hidden = await guest.readResource({ uri: "cctelegram://bridge-status" }).catch((error) => error);
    expect([unknown.code, hidden.code]).toEqual([-32002, -32002]);
    expect(hidden.message).toContain("Resource not found: cctelegram://bridge-status");
  });
});

describe("prompts", () => {
  test("are listed with their arguments", async () => {
    const listed = (await guest.listPrompts()).prompts;
    expect(listed.map(({ name }) => name)).toEqual(prompts.map(({ name }) => name));
    for (const prompt of listed) {
      expect(prompt).toMatchObject({ title: expect.any(String), description: expect.any(String) });
      for (const argument of prompt.arguments ?? [])
        expect(argument).toMatchObject({ description: expect.any(String) });
    }
  });

  test("say what was filled in, and have defaults for the rest", async () => {
    const { messages } = await guest.getPrompt({ name: "notify_when_done", arguments: { task: "Run the tests" } });
    const { content, role } = messages[0] ?? {};
    expect(role).toBe("user");
    expect((content as { text: string }).text).toMatch(/^Run the tests\n(?:.|\n)*three sentences/);
  });

  test("without a required argument are refused with its name", async () => {
    const error = await guest.getPrompt({ name: "notify_when_done" }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining("arguments.task") });
    await expect(guest.getPrompt({ name: "nothing" })).rejects.toMatchObject({ code: -32602 });
  });

  test("complete their arguments", async () => {
    const complete = (name: string, argument: string, value: string) =>
      guest.complete({ ref: { type: "ref/prompt", name }, argument: { name: argument, value } });
    expect((await complete("summarise_change", "audience", "")).completion.values).toEqual([
      "developer",
      "reviewer",
      "manager",
    ]);
    expect((await complete("summarise_change", "audience", "RE")).completion.values).toEqual(["reviewer"]);
    expect((await complete("report_progress", "pace", "m")).completion.values).toEqual(["milestones", "problems"]);
    expect((await complete("summarise_change", "change", "x")).completion).toEqual({
      values: [],
      total: 0,
      hasMore: false,
    });
    await expect(complete("nothing", "x", "")).rejects.toMatchObject({ code: -32602 });
  });
});
