import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { envelopeOf } from "../../../server/http/oversized-message.ts";

const pass = (text: string, size = 700) => {
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  return envelopeOf(Readable.from(chunks) as unknown as IncomingMessage);
};

const params = { name: "send_telegram_message", arguments: { message: "x".repeat(10_000), id: 99 } };
const call = { id: 7, method: "tools/call" };

test.each([
  ["first", { jsonrpc: "2.0", id: 7, method: "tools/call", params }],
  ["last", { method: "tools/call", params, jsonrpc: "2.0", id: 7 }],
  ["before the version", { method: "tools/call", params, id: 7, jsonrpc: "2.0" }],
])("the id is found %s, in pieces of any size", async (_where, message) => {
  for (const size of [1, 700, 100_000]) expect(await pass(JSON.stringify(message), size)).toEqual(call);
  expect(await pass(JSON.stringify(message, null, 2))).toEqual(call);
});

test("an id may be a text", async () => {
  expect(await pass(JSON.stringify({ ...call, id: 'a"ä', params }))).toEqual({ ...call, id: 'a"ä' });
});

test.each([
  ["of a notification", JSON.stringify({ jsonrpc: "2.0", method: "tools/call", params })],
  ["that is no JSON", `{"id":"\\q","x":"${"x".repeat(3000)}`],
  ["of nothing", ""],
])("there is none in a body %s", async (_what, text) => {
  expect(await pass(text)).toBeUndefined();
});

test("a client that goes away meanwhile is no error", async () => {
  const broken = Readable.from(
    (function* () {
      yield Buffer.from("{");
      throw new Error("aborted");
    })(),
  );
  expect(await envelopeOf(broken as unknown as IncomingMessage)).toBeUndefined();
});
