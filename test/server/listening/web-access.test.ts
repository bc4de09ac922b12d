import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isLoopback, type WebAccess, webAccessAllowed } from "../../../server/listening/web-access.ts";

const inCluster: WebAccess = { allowedOrigins: ["https://tools.example.com"], allowedHosts: undefined };
const local: WebAccess = { allowedOrigins: [], allowedHosts: [] };
const named: WebAccess = { allowedOrigins: ["https://tools.example.com"], allowedHosts: ["mcp.example.com"] };

const allowed = (origin: string | undefined, host: string | undefined, access: WebAccess, scheme = "http") =>
  webAccessAllowed({ origin, host, scheme, localAddress: "10.244.0.7" }, access);

describe("web access", () => {
  test.each<[string | undefined, string | undefined, WebAccess, boolean]>([
    [undefined, "team-mcp-server:8080", inCluster, true],
    ["http://team-mcp-server:8080", "team-mcp-server:8080", inCluster, true],
    ["HTTP://Team-MCP-Server", "team-mcp-server:80", inCluster, true],
    ["https://tools.example.com", "mcp.example.com", inCluster, true],
    ["https://evil.example", "mcp.example.com", inCluster, false],
    ["http://team-mcp-server:9999", "team-mcp-server:8080", inCluster, false],
    ["null", "mcp.example.com", inCluster, false],
    ["null", "null", inCluster, false],
    ["https://evil.example", undefined, inCluster, false],
    ["http://tools.example.com", "mcp.example.com", inCluster, false],
    [undefined, "localhost:8080", local, true],
    ["http://localhost:8080", "localhost:8080", local, true],
    [undefined, "[::1]:8080", local, true],
    [undefined, "127.8.9.10", local, true],
    [undefined, "10.244.0.7:8080", local, true],
    ["http://evil.example:8080", "evil.example:8080", local, false],
    [undefined, "evil.example:8080", local, false],
    [undefined, undefined, local, false],
    [undefined, "10.244.0.8:8080", local, false],
    ["https://tools.example.com", "evil.example", named, false],
    [undefined, "MCP.example.com:8443", named, true],
    [undefined, "team-mcp-server:8080", named, false],
  ])("Origin %s with Host %s", (origin, host, access, expected) => {
    expect(allowed(origin, host, access)).toBe(expected);
  });

  test("the own origin is the one of the scheme under which the client came", () => {
    expect(allowed("https://mcp.example.com", "mcp.example.com", inCluster)).toBe(false);
    expect(allowed("https://mcp.example.com", "mcp.example.com", inCluster, "https")).toBe(true);
    expect(allowed("http://mcp.example.com", "mcp.example.com", inCluster, "https")).toBe(false);
  });

  test.each([
    "x@127.0.0.1",
    "127.0.0.1#.evil",
    "127.0.0.1/.evil",
    "127.0.0.1?x",
    "localhost:80@evil",
    "[::1",
    "::1",
    "2130706433",
    "0x7f000001",
    "127.1",
    "localhost.evil.example",
    " localhost",
    "localhost:",
    "localhost:99999999",
    "",
  ])("a Host of %j is no loopback name", (host) => {
    expect(allowed(undefined, host, local)).toBe(false);
  });

  test("whatever a foreign page can name itself, it does not get in where names are restricted", () => {
    fc.assert(
      fc.property(fc.domain(), fc.integer({ min: 1, max: 65535 }), (domain, port) => {
        expect(allowed(`http://${domain}:${port}`, `${domain}:${port}`, local)).toBe(false);
        expect(allowed(undefined, `${domain}:${port}`, local)).toBe(false);
      }),
    );
  });

  test("loopback addresses are known in every spelling", () => {
    const loopback = ["127.0.0.1", "127.0.0.2", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1"];
    for (const address of [...loopback, "localhost", "LOCALHOST"]) expect(isLoopback(address), address).toBe(true);
    for (const address of ["0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "::ffff:10.0.0.1", "localhost.example", ""]) {
      expect(isLoopback(address), address).toBe(false);
    }
  });
});
