import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { run } from "../../machine/command.mjs";
import { offered, type Programs, startPrograms, wanted, wrongKey } from "./programs.ts";

const environment = inject("python");
const python = "python" in environment ? environment.python : "";
const obstacle = "obstacle" in environment ? ` (not run: there is ${environment.obstacle})` : "";

describe.skipIf(obstacle !== "")(`a client in Python${obstacle}`, () => {
  let programs: Programs;

  beforeAll(async () => {
    programs = await startPrograms();
  });
  afterAll(() => programs[Symbol.asyncDispose]());

  async function ask(library: string, mode: string, message: string, key = programs.key): Promise<unknown> {
    const script = join(import.meta.dirname, "python/client.py");
    const task = JSON.stringify({ ...wanted, arguments: { message } });
    // Proxies of the surroundings would be asked for this machine's own address.
    const env = { PATH: process.env.PATH, HOME: programs.folder, URL: programs.url, KEY: key };
    return JSON.parse(await run(python, ["-I", script, library, mode, task], { env, timeoutMs: 60_000 }));
  }

  describe.each(["mcp", "fastmcp"])("%s", (library) => {
    test.each([
      ["legacy", "2025-11-25"],
      ["auto", "2026-07-28"],
      ["2026-07-28", "2026-07-28"],
    ])("in mode %s speaks %s, finds everything, and sends a message that arrives", async (mode, version) => {
      const message = `${library} in mode ${mode}`;
      expect(await ask(library, mode, message)).toEqual({
        version,
        ...offered,
        called: expect.objectContaining({ success: true }),
        refused: true,
        read: expect.stringContaining('"running": true'),
        prompt: expect.stringContaining(wanted.promptArguments.task),
      });
      await programs.received(message);
    });

    test.each(["legacy", "auto"])("in mode %s says that the key is wrong, and what to do", async (mode) => {
      expect(await ask(library, mode, "never", "wrong")).toEqual({ errors: [expect.stringContaining(wrongKey)] });
    });

    // MCP 2026-07-28 leaves the id out when no message was read; these libraries show no error without an id.
    test("told to speak 2026-07-28 and nothing else, with a wrong key says only that the server refuses", async () => {
      const errors = ["MCPError: Server returned an error response"];
      expect(await ask(library, "2026-07-28", "never", "wrong")).toEqual({ errors });
    });
  });
});
