import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { run } from "../../machine/command.mjs";
import { offered, type Programs, startPrograms, wanted, wrongKey } from "./programs.ts";

const launcher = join(inject("npmClients"), "@modelcontextprotocol/inspector/clients/launcher/build/index.js");

let programs: Programs;

beforeAll(async () => {
  programs = await startPrograms();
});
afterAll(() => programs[Symbol.asyncDispose]());

type Result = Readonly<Record<string, unknown>>;

/** Runs the Inspector's command line once: it connects, asks for one thing, and prints what it got. */
async function inspect(era: string, method: string, args: readonly string[] = [], key = programs.key): Promise<Result> {
  const server = ["--server-url", programs.url, "--transport", "http", "--header", `X-API-Key: ${key}`];
  const options = ["--protocol-era", era, "--stored-auth-only", "--format", "json", "--method", method, ...args];
  const env = { PATH: process.env.PATH, HOME: programs.folder };
  const printed = await run(process.execPath, [launcher, "--cli", ...server, ...options], { env, timeoutMs: 60_000 });
  return JSON.parse(printed).result;
}

describe.each(["legacy", "modern"])("the Inspector's command line in the era %s", (era) => {
  test("lists everything", async () => {
    const names = async (method: string, list: string, field: string) =>
      ((await inspect(era, method))[list] as Record<string, string>[]).map((item) => item[field]);
    const [tools, resources, templates, prompts] = await Promise.all([
      names("tools/list", "tools", "name"),
      names("resources/list", "resources", "uri"),
      names("resources/templates/list", "resourceTemplates", "uriTemplate"),
      names("prompts/list", "prompts", "name"),
    ]);
    expect({ tools, resources, templates, prompts }).toEqual(offered);
  });

  test("reads a resource, gets a prompt, and sends a message that arrives", async () => {
    const message = `the Inspector in the era ${era}`;
    const [{ contents }, { messages }, called] = await Promise.all([
      inspect(era, "resources/read", ["--uri", wanted.resource]),
      inspect(era, "prompts/get", [
        ...["--prompt-name", wanted.prompt, "--prompt-args"],
        ...Object.entries(wanted.promptArguments).map(([name, value]) => `${name}=${value}`),
      ]),
      inspect(era, "tools/call", ["--tool-name", wanted.tool, "--tool-arg", `message=${message}`]),
    ]);
    expect(contents).toMatchObject([{ text: expect.stringContaining('"running": true') }]);
    const text = expect.stringContaining(wanted.promptArguments.task);
    expect(messages).toMatchObject([{ content: { text } }]);
    expect(called).toMatchObject({ structuredContent: { success: true } });
    await programs.received(message);
  });

  test("with a wrong key ends with an error that says so", async () => {
    const error = await inspect(era, "tools/list", [], "wrong").catch((reason: Error) => reason.message);
    expect(error).toContain('ended with 3:\n{"error":{"code":"auth_required"');
    expect(error).toContain(era === "legacy" ? wrongKey : "the server requires authorization (HTTP 401)");
  });
});

test("without a word about stored logins does not wait for one that the server does not have", async () => {
  const server = ["--server-url", programs.url, "--header", "X-API-Key: wrong", "--method", "tools/list"];
  const env = { PATH: process.env.PATH, HOME: programs.folder };
  const ran = run(process.execPath, [launcher, "--cli", ...server], { env, timeoutMs: 60_000 });
  await expect(ran).rejects.toThrow(/ended with 3:\n.*auth_required/);
});
