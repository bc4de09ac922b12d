import fc from "fast-check";
import { expect, test } from "vitest";
import { LineSplitter } from "../../../../server/mcp/transports/stdio/line-splitter.ts";
import { memoryInUse } from "../../support/memory.ts";

type Seen = string | { readonly overlong: unknown };

function split(bytes: Buffer, cuts: readonly number[], longest = 50): Seen[] {
  const seen: Seen[] = [];
  const lines = new LineSplitter(longest, {
    onLine: (line) => seen.push(line),
    onOverlong: (envelope) => seen.push({ overlong: envelope }),
  });
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (const [index, place] of places.slice(0, -1).entries()) lines.push(bytes.subarray(place, places[index + 1]));
  lines.end();
  return seen;
}

test("lines are the same, however their bytes come in", () => {
  const line = fc.string({ unit: "grapheme", maxLength: 60 }).map((text) => text.replaceAll("\n", " "));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat()), (lines, cuts) => {
      const seen = split(Buffer.from(lines.join("\n")), cuts);
      const kept = lines.filter((text) => Buffer.byteLength(text) > 50 || text.trim() !== "");
      expect(seen).toEqual(kept.map((text) => (Buffer.byteLength(text) > 50 ? { overlong: undefined } : text)));
    }),
  );
});

test("of one that is too long the id is found at its beginning or end, and its method", () => {
  const pad = "x".repeat(5_000);
  const message = { jsonrpc: "2.0", id: "a", method: "tools/call", params: { pad } };
  const { id, ...rest } = message;
  for (const text of [JSON.stringify(message), JSON.stringify({ ...rest, id })]) {
    for (const cuts of [[], [1], [500, 3_000], [49, 50, 51]]) {
      expect(split(Buffer.from(`${text}\nnext`), cuts)).toEqual([{ overlong: { id, method: "tools/call" } }, "next"]);
    }
  }
});

test("of one that never ends only both ends are kept", async () => {
  const lines = new LineSplitter(50, { onLine: () => {}, onOverlong: () => {} });
  const before = (await memoryInUse()).arrayBuffers;
  for (let chunks = 0; chunks < 500; chunks++) lines.push(Buffer.alloc(65_536, "x"));
  expect((await memoryInUse()).arrayBuffers - before).toBeLessThan(2 ** 20);
  lines.end();
});
