import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeBridge, startFakeBridge } from "../../support/fake-bridge.ts";
import { type ForwardProxy, startForwardProxy } from "../../support/forward-proxy.ts";
import { keys, startServer, type TestServer } from "../../support/server.ts";
import { handshake, type Line, startLine } from "../../support/stdio.ts";
import { tlsInFrontOf } from "../../support/tls-front.ts";

/** A name that only the proxy knows. */
const host = "mcp.test";
const password = "pa55w0rd";

let bridge: FakeBridge;
let server: TestServer;
let proxy: ForwardProxy;
let line: Line | undefined;
let target = 0;

beforeEach(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_ALLOWED_HOSTS: host });
  target = Number(new URL(server.url).port);
  proxy = await startForwardProxy(`user:${password}`, () => target);
});

afterEach(async () => {
  line?.child.kill("SIGKILL");
  await line?.exited;
  await proxy.close();
  await server.close();
  await bridge.close();
});

function start(url: string, env: Record<string, string>): Line {
  line = startLine({ CCTELEGRAM_URL: url, CCTELEGRAM_API_KEY: keys.all, LOG_LEVEL: "trace", ...env });
  return line;
}

const message = { name: "send_telegram_message", arguments: { message: "through a proxy" } };

describe("stdio in a network that is left by a proxy only", () => {
  test.each(["HTTP_PROXY", "http_proxy"])("asks a server at an http URL through %s", async (name) => {
    const one = start(`http://${host}`, { [name]: proxy.url });
    await handshake(one);
    expect(await one.ask("tools/call", message)).toMatchObject({ result: { structuredContent: { success: true } } });
    expect(proxy.requests).toContain(`POST http://${host}/mcp`);
    expect(proxy.refused()).toBe(0);
    expect(one.stdout() + one.stderr()).not.toContain(password);
  });

  test("asks one at an https URL through a tunnel, and the proxy sees no key", async () => {
    const folder = await mkdtemp(join(tmpdir(), "remote-proxy-"));
    const tls = await tlsInFrontOf(target, host, folder);
    target = tls.port;
    const env = { HTTPS_PROXY: proxy.url, HTTP_PROXY: "http://127.0.0.1:9", NODE_EXTRA_CA_CERTS: tls.cert };
    const one = start(`https://${host}`, env);
    await handshake(one);
    expect(await one.ask("tools/call", message)).toMatchObject({ result: { structuredContent: { success: true } } });
    expect(new Set(proxy.requests)).toEqual(new Set([`CONNECT ${host}:443`]));
    tls.close();
    await rm(folder, { recursive: true });
  });

  test("asks what NO_PROXY names directly", async () => {
    const one = start(server.url, { HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1" });
    expect(await handshake(one)).toMatchObject({ result: { protocolVersion: "2025-11-25" } });
    expect(proxy.requests).toEqual([]);
  });

  test.each(["http", "https"])(
    "tells of a proxy that wants other credentials (%s), without its password",
    async (scheme) => {
      const wrong = proxy.url.replace("user", "another");
      const one = start(`${scheme}://${host}`, { HTTP_PROXY: wrong, HTTPS_PROXY: wrong });
      const { error } = await one.ask("ping");
      expect(error?.message).toContain("the proxy wants other credentials; look at HTTPS_PROXY and HTTP_PROXY");
      expect(one.stdout() + one.stderr()).not.toContain(password);
    },
  );

  test("tells of a proxy that is not there, after a while", async () => {
    const { port } = new URL(proxy.url);
    await proxy.close();
    const one = start(`http://${host}`, { HTTP_PROXY: `http://127.0.0.1:${port}` });
    const { error } = await one.ask("ping");
    expect(error?.message).toContain("nothing answers there, or at the proxy (ECONNREFUSED)");
    proxy = await startForwardProxy(`user:${password}`, () => target);
  });
});
