import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer;

beforeAll(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_BASE_PATH: "/team" });
});

afterAll(async () => {
  await server.close();
  await bridge.close();
});

test("the page is one file for everybody, at each of its addresses", async () => {
  const pages = await Promise.all(
    ["/docs", "/docs/", "/team/docs"].map(async (path) => {
      const answer = await server.fetch(path);
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
      return answer.text();
    }),
  );
  expect(new Set(pages).size).toBe(1);
  expect((await server.fetch("/docs", { method: "POST" })).status).toBe(405);
  expect((await server.fetch("/docs/x")).status).toBe(404);
});

test("its policy lets its own script and style run, and nothing else be loaded, sent or framed", async () => {
  const answer = await server.fetch("/docs");
  const page = await answer.text();
  const hashOf = (element: string) => {
    const parts = [...page.matchAll(new RegExp(`<${element}[^>]*>(.*?)</${element}>`, "gs"))];
    expect(parts).toHaveLength(1);
    return `'sha256-${createHash("sha256")
      .update(parts[0]?.[1] ?? "")
      .digest("base64")}'`;
  };
  const directives = Object.fromEntries(
    (answer.headers.get("content-security-policy") ?? "").split("; ").map((each) => each.split(/ (.*)/s).slice(0, 2)),
  );
  expect(directives).toEqual({
    "default-src": "'none'",
    "script-src": hashOf("script"),
    "style-src": hashOf("style"),
    "connect-src": "'self'",
    "img-src": "data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
  });
  expect(answer.headers.get("x-frame-options")).toBe("DENY");
});

test("it names nothing elsewhere, makes no markup of texts, and stores nothing", async () => {
  const page = await (await server.fetch("/docs")).text();
  expect(page).not.toMatch(/https?:\/\/|\/\/cdn|@import|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/);
  expect(page).not.toMatch(/localStorage|sessionStorage|indexedDB|document\.cookie|\son[a-z]+=/);
});

test("other paths keep the policy that lets nothing run", async () => {
  for (const path of ["/openapi.json", "/health", "/tools", "/nothing"]) {
    const policy = (await server.fetch(path)).headers.get("content-security-policy");
    expect([path, policy]).toEqual([path, "default-src 'none'; frame-ancestors 'none'"]);
  }
});
