import { join } from "node:path";
import type { Stream } from "node:stream";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { offered, type Programs, startPrograms, wanted } from "./programs.ts";

type Mode = "legacy" | "auto" | { pin: string };

// mcp-remote puts the variable in; in an argument every user of the machine would see the key.
// biome-ignore lint/suspicious/noTemplateCurlyInString: the variable is mcp-remote's
const header = "X-API-Key:${KEY}";

let programs: Programs;
let client: Client;

beforeAll(async () => {
  programs = await startPrograms();
});
afterAll(() => programs[Symbol.asyncDispose]());
afterEach(() => client.close());

/** Connects a client that knows only stdio, and starts mcp-remote to reach the server; `stderr` gets what that says. */
function connect(mode: Mode, key = programs.key, stderr?: (stream: Stream) => void): Promise<void> {
  const remote = join(inject("npmClients"), "mcp-remote/dist/proxy.js");
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [remote, programs.url, "--transport", "http-only", "--header", header],
    env: { PATH: process.env.PATH ?? "", HOME: programs.folder, MCP_REMOTE_CONFIG_DIR: programs.folder, KEY: key },
    stderr: "pipe",
  });
  if (transport.stderr !== null) stderr?.(transport.stderr);
  client = new Client({ name: "test-client", version: "1.0.0" }, { versionNegotiation: { mode } });
  return client.connect(transport);
}

describe.each<[string, Mode, string]>([
  ["legacy", "legacy", "2025-11-25"],
  ["auto", "auto", "2026-07-28"],
  ["pinned", { pin: "2026-07-28" }, "2026-07-28"],
])("a client in mode %s behind mcp-remote", (name, mode, version) => {
  test(`speaks ${version}, finds everything, and sends a message that arrives`, async () => {
    await connect(mode);
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    expect({
      tools: (await client.listTools()).tools.map((tool) => tool.name),
      resources: (await client.listResources()).resources.map(({ uri }) => uri),
      templates: (await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
      prompts: (await client.listPrompts()).prompts.map((prompt) => prompt.name),
    }).toEqual(offered);
    const { contents } = await client.readResource({ uri: wanted.resource });
    expect(contents).toMatchObject([{ text: expect.stringContaining('"running": true') }]);
    const { messages } = await client.getPrompt({ name: wanted.prompt, arguments: wanted.promptArguments });
    expect(messages).toMatchObject([{ content: { text: expect.stringContaining(wanted.promptArguments.task) } }]);
    const message = `behind mcp-remote in mode ${name}`;
    const called = await client.callTool({ name: wanted.tool, arguments: { message } });
    expect(called.structuredContent).toMatchObject({ success: true });
    expect(await client.callTool({ name: wanted.tool, arguments: {} })).toMatchObject({ isError: true });
    await programs.received(message);
  });

  test("learns at once that a wrong key is refused: mcp-remote waits for no login", async () => {
    await expect(connect(mode, "wrong")).rejects.toThrow(/connection closed/i);
  });
});

test("with a wrong key, mcp-remote says what to send", async () => {
  let said = "";
  const collect = (stream: Stream) => stream.on("data", (text) => (said += text));
  await expect(connect("legacy", "wrong", collect)).rejects.toThrow();
  await expect.poll(() => said).toContain("it uses API keys. Send a valid key as `X-API-Key: KEY`");
});
