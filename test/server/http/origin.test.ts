import { describe, expect, test } from "vitest";
import { isLoopback, originAllowed } from "../../../server/http/origin.ts";

const inCluster = { allowedOrigins: ["https://tools.example.com"], loopback: false };
const local = { allowedOrigins: [], loopback: true };

describe("origin", () => {
  test.each([
    [undefined, "team-mcp-server:8080", inCluster, true],
    ["http://team-mcp-server:8080", "team-mcp-server:8080", inCluster, true],
    ["https://mcp.example.com", "mcp.example.com", inCluster, true],
    ["https://tools.example.com", "mcp.example.com", inCluster, true],
    ["https://evil.example", "mcp.example.com", inCluster, false],
    ["http://team-mcp-server:9999", "team-mcp-server:8080", inCluster, false],
    ["null", "mcp.example.com", inCluster, false],
    ["https://evil.example", undefined, inCluster, false],
    [undefined, "localhost:8080", local, true],
    ["http://localhost:8080", "localhost:8080", local, true],
    [undefined, "[::1]:8080", local, true],
    ["http://evil.example:8080", "evil.example:8080", local, false],
    [undefined, "evil.example:8080", local, false],
    [undefined, undefined, local, false],
  ])("Origin %s with Host %s", (origin, host, rules, allowed) => {
    expect(originAllowed(origin, host, rules)).toBe(allowed);
  });

  test("loopback addresses are known in both families", () => {
    expect(["127.0.0.1", "::1", "localhost", "0.0.0.0", "10.0.0.1"].map(isLoopback)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
