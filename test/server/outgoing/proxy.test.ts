import { once } from "node:events";
import { Agent, createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentProxy, outgoingFetch, type ProxyConfig } from "../../../server/outgoing/outgoing-fetch.ts";
import { type ForwardProxy, startForwardProxy } from "../support/forward-proxy.ts";

const behind = createServer((_request, response) => void response.end("by the proxy"));
let proxy: ForwardProxy;

beforeAll(async () => {
  behind.listen(0, "127.0.0.1");
  await once(behind, "listening");
  proxy = await startForwardProxy("user:pa55w0rd", () => (behind.address() as AddressInfo).port);
});
afterAll(async () => {
  await proxy.close();
  behind.close();
});

/** Nobody but the proxy knows these names. */
const byAgent = (url: string, config: ProxyConfig) =>
  new Promise<boolean>((resolve) => {
    get(url, { agent: new Agent({ proxyEnv: agentProxy(config) }) }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    }).on("error", () => resolve(false));
  });

async function byFetch(url: string, config: ProxyConfig): Promise<boolean> {
  const fetchIt = await outgoingFetch(config);
  return fetchIt(url).then(
    (answer) => answer.ok,
    () => false,
  );
}

test.each([
  ["s3.invalid", "", true],
  ["s3.invalid", "other.invalid", true],
  ["s3.invalid", "s3.invalid", false],
  ["S3.invalid", "other.invalid,s3.INVALID", false],
  ["eu.s3.invalid", "other.invalid, s3.invalid", false],
  ["eu.s3.invalid", ".s3.invalid", false],
  ["eus3.invalid", "s3.invalid", true],
  ["eu.s3.invalid", "*.s3.invalid", false],
  ["s3.invalid", "*.s3.invalid", true],
  ["s3.invalid", "*", false],
])(
  "with NO_PROXY for %s being '%s', fetch and Node's agents agree that it is asked through the proxy: %s",
  async (host, none, expected) => {
    const config = { http: proxy.url, none };
    const url = `http://${host}:8999/`;
    expect({ agent: await byAgent(url, config), fetch: await byFetch(url, config) }).toEqual({
      agent: expected,
      fetch: expected,
    });
  },
);
