import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Heard, type HostileInput, type HostileLink, hostileInputs, marker, ownId } from "./hostile-inputs.ts";

/** Tests that a transport answers every hostile input as the specification has it, and that nothing is left of it. */
export function testHostileInputs(name: string, open: () => Promise<HostileLink>): void {
  describe(`over ${name}`, () => {
    let link: HostileLink;

    beforeAll(async () => {
      link = await open();
    });

    afterAll(() => link.close());

    test.each(hostileInputs)("$name is answered as it should be", async (input) => {
      const text = input.text(link.writer);
      const isSaid = input.eras?.includes(link.writer.era) !== false && link.canSay?.(text) !== false;
      if (!isSaid) return;
      const before = link.logText().length;
      check(input, await link.send(text), text, link.ownError?.(text));
      await isWell(link);
      checkLog(link.logText().slice(before));
      expect({}).not.toHaveProperty("isError");
    });

    test("methods without parameters are the only ones that take parameters of any type", async () => {
      const taking = new Set<string>();
      for (const input of hostileInputs) {
        if (input.answer !== "result or -32602" || input.eras?.includes(link.writer.era) === false) continue;
        const text = input.text(link.writer);
        const { messages } = await link.send(text);
        if (messages[0]?.result !== undefined) taking.add(JSON.parse(text).method);
      }
      expect([...taking]).toEqual([link.writer.era === "stateless" ? "server/discover" : "ping"]);
    });
  });
}

/** The server is there, and takes part in what it is asked. */
async function isWell({ send, writer }: HostileLink): Promise<void> {
  const { messages } = await send(writer.request("tools/call", { name: "get_bridge_status" }, "well"));
  expect(messages).toMatchObject([{ id: "well", result: { structuredContent: { running: true } } }]);
}

function checkLog(logged: string): void {
  expect(logged).not.toContain(marker);
  for (const line of logged.split("\n").filter((each) => each !== "")) {
    expect(JSON.parse(line)).toMatchObject({ msg: expect.any(String) });
  }
}

function check({ answer }: HostileInput, { messages, status }: Heard, text: string, ownError?: number) {
  expect(status ?? 200).toBeLessThan(500);
  if (answer === "silence") return expect(messages).toEqual([]);
  expect(messages).toHaveLength(1);
  const [{ id, result, error } = {}] = messages;
  const isReadable = typeof answer === "string" || answer.id !== "none";
  if (isReadable && ownError !== undefined)
    return expect({ id, code: error?.code }).toEqual({ id: ownId, code: ownError });
  if (answer === "result") {
    expect(result).toBeTypeOf("object");
    return expect(id).toBe(JSON.parse(text).id);
  }
  if (answer === "result or -32602") return expect(error?.code ?? -32602).toBe(-32602);
  expect(answer.codes).toContain(error?.code);
  expect(error).toMatchObject({ code: expect.any(Number), message: expect.any(String) });
  if (answer.id === "own") expect(id).toBe(ownId);
  if (answer.id !== "none") return;
  expect(id ?? null).toBeNull();
  // Nobody could tell whose answer it is, so HTTP tells that it is an error.
  if (status !== undefined) expect(status).toBeGreaterThanOrEqual(400);
}
