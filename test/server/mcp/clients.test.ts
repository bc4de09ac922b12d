import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { features } from "../../../conformance/fixtures/features.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { keys, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer;
let client: Client;

beforeAll(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" }, features);
});

afterAll(async () => {
  await server.close();
  await bridge.close();
});

const text = (value: unknown) => expect.objectContaining({ content: [{ type: "text", text: value }] });

const eras = [
  { version: "2025-11-25", mode: "legacy" },
  { version: "2026-07-28", mode: "auto" },
  { version: "2026-07-28", mode: { pin: "2026-07-28" } },
] as const;

describe.each(eras)("the client of SDK v2, in mode $mode", ({ version, mode }) => {
  beforeEach(async () => {
    client = new Client(
      { name: "test-client", version: "1.0.0" },
      {
        versionNegotiation: { mode },
        capabilities: { sampling: {}, elicitation: { form: {} }, roots: {} },
      },
    );
    client.setRequestHandler("elicitation/create", async ({ params }) => {
      const fields = "requestedSchema" in params ? Object.keys(params.requestedSchema.properties) : [];
      return { action: "accept", content: Object.fromEntries(fields.map((name) => [name, `my ${name}`])) };
    });
    client.setRequestHandler("sampling/createMessage", async () => ({
      model: "test",
      role: "assistant",
      content: { type: "text", text: "Paris" },
    }));
    client.setRequestHandler("roots/list", async () => ({ roots: [{ uri: "file:///work" }] }));
    const requestInit = { headers: { authorization: `Bearer ${keys.all}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { requestInit }));
  });

  afterEach(() => client.close());

  test("agrees on the revision, and learns who the server is", () => {
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    expect(client.getServerVersion()).toMatchObject({ name: "cctelegram-mcp-server" });
    expect(client.getInstructions()).toContain("phone");
  });

  test("lists everything, and calls the product's own tools", async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([...features.tools.keys()]);
    const icons = [{ src: expect.stringMatching(/^data:/), mimeType: "image/png", sizes: ["1x1"], theme: "light" }];
    expect(tools.find(({ name }) => name === "greet")).toMatchObject({ icons });
    expect((await client.listResources()).resources).toContainEqual(
      expect.objectContaining({ uri: "test://static-text", icons }),
    );
    expect((await client.listResourceTemplates()).resourceTemplates).toContainEqual(
      expect.objectContaining({ name: "template", icons }),
    );
    expect((await client.listPrompts()).prompts).toContainEqual(
      expect.objectContaining({ name: "test_simple_prompt", icons }),
    );
    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(
      features.prompts.map(({ name }) => name),
    );
    const sent = await client.callTool({ name: "send_telegram_message", arguments: { message: `from ${version}` } });
    expect(sent.structuredContent).toMatchObject({ success: true });
    expect(bridge.events.at(-1)).toMatchObject({ description: `from ${version}` });
    expect(await client.callTool({ name: "send_telegram_message", arguments: {} })).toMatchObject({ isError: true });
    await expect(client.callTool({ name: "no_such_tool" })).rejects.toThrow(/no_such_tool/);
  });

  test("reads resources, gets prompts and completes arguments", async () => {
    const { contents } = await client.readResource({ uri: "test://template/7/data" });
    expect(contents).toMatchObject([{ mimeType: "application/json", text: expect.stringContaining('"7"') }]);
    await expect(client.readResource({ uri: "test://nothing" })).rejects.toThrow();
    const prompt = { name: "test_prompt_with_arguments", arguments: { arg1: "a", arg2: "b" } };
    expect((await client.getPrompt(prompt)).messages).toMatchObject([
      { content: { text: "Prompt with arguments: arg1='a', arg2='b'" } },
    ]);
    const ref = { type: "ref/prompt", name: prompt.name } as const;
    const { completion } = await client.complete({ ref, argument: { name: "arg1", value: "par" } });
    expect(completion.values).toEqual(["paris", "park", "party"]);
  });

  test("hears the progress of a call", async () => {
    const heard: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => heard.push(progress);
    await client.callTool({ name: "test_tool_with_progress", arguments: {} }, { onprogress });
    expect(heard).toEqual([0, 50, 100]);
  });

  test("answers what a tool or a prompt asks, one question after the other and several at once", async () => {
    const call = (name: string) => client.callTool({ name, arguments: {} });
    expect(await call("test_input_required_result_elicitation")).toEqual(text("Hello, my name!"));
    expect(await call("test_input_required_result_sampling")).toEqual(text("The model said: Paris"));
    expect(await call("test_input_required_result_multi_round")).toEqual(text("my name likes my color"));
    expect(await call("test_input_required_result_multiple_inputs")).toEqual(
      text('Paris my name in [{"uri":"file:///work"}]'),
    );
    const { messages } = await client.getPrompt({ name: "test_input_required_result_prompt" });
    expect(messages).toMatchObject([{ content: { text: "Use this context: my context" } }]);
  });

  test("makes a call with a value that a header repeats", async () => {
    await client.listTools();
    const region = "Zürich";
    expect(await client.callTool({ name: "test_x_mcp_header", arguments: { region } })).toEqual(
      text(`Region: ${region}`),
    );
  });
});
