import { expect, test } from "vitest";
import { errors } from "../../../../contract/error-catalogue.ts";

const ofJsonRpc = [-32700, -32600, -32601, -32602, -32603];
const ofMcp = [-32020, -32021, -32022];

test("codes are those of JSON-RPC and MCP, or lie outside of what these keep for themselves", () => {
  const codes = Object.values(errors).map(({ jsonRpcCode }) => jsonRpcCode);
  expect(codes.length).toBeGreaterThan(20);
  for (const code of codes) {
    const isDefined = ofJsonRpc.includes(code) || ofMcp.includes(code);
    expect(Number.isInteger(code) && (isDefined || code < -32768 || code > -32000)).toBe(true);
  }
});
