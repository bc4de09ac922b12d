import { once } from "node:events";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { pingIntervalMs } from "../../server/mcp/transports/web-socket/open-web-sockets.ts";
import { type Caller, caller, upgraded } from "./caller.ts";
import type { Machine } from "./machine.ts";
import { killProxy, proxies, type ReverseProxy, startProxy } from "./proxy.ts";
import type { Installation } from "./stage.ts";
import { type StreamingBackend, startStreamingBackend } from "./streaming-backend.ts";

type Setting = { readonly machine: Machine; readonly installation: Installation };

/** What both files say about streams and WebSockets. */
const timeout = "300s";

/** Each on a port of its own, so that the tests wait for both at once. */
const portOf = ({ name }: ReverseProxy) => (name === "nginx" ? 443 : 8443);

/** Both proxies, with shorter time-outs: the pings of the server are what keeps a WebSocket open, and nothing else is. */
export function quietBehaviours(setting: () => Setting): void {
  let backend: StreamingBackend;
  let client: Caller;

  beforeAll(async () => {
    const { machine } = setting();
    client = caller(machine, machine.clients.inside);
    backend = await startStreamingBackend(machine.clients.inside);
  });
  afterEach(async () => {
    for (const proxy of proxies) await killProxy(setting().machine, proxy, portOf(proxy));
  });
  afterAll(async () => {
    await client.close();
    await backend.close();
  });

  async function start(service: string, seconds: number): Promise<void> {
    for (const proxy of proxies) {
      const port = portOf(proxy);
      const edit = (text: string) => {
        expect(text).toContain(timeout);
        const shortened = text.replaceAll(timeout, `${seconds}s`);
        return port === 443
          ? shortened
          : shortened.replaceAll(":443 ", `:${port} `).replace(/:80( v6only)?$/gm, ":8081$1");
      };
      await startProxy(setting().machine, proxy, service, { edit, port });
    }
  }

  test("is cut at the proxy's time-out when the server says nothing either", async () => {
    const { machine } = setting();
    const service = machine.clients.outside.at(-1) ?? "";
    await machine.redirect(service, backend.port);
    await start(service, 3);
    const cut = async (proxy: ReverseProxy) => {
      const socket = await upgraded(client, { port: portOf(proxy) });
      const from = performance.now();
      await once(socket.resume(), "close");
      return (performance.now() - from) / 1_000;
    };
    for (const seconds of await Promise.all(proxies.map(cut))) {
      expect(seconds).toBeGreaterThan(2);
      expect(seconds).toBeLessThan(10);
    }
  });

  test("stays open for longer than that, by the server's pings", { timeout: 4 * pingIntervalMs }, async () => {
    const { installation } = setting();
    await start(installation.service, 1.3 * (pingIntervalMs / 1_000));
    const pings = await Promise.all(
      proxies.map(async (proxy) => {
        const { socket, ask, received } = await client.webSocket({ port: portOf(proxy), key: installation.key });
        let pings = 0;
        socket.on("ping", () => {
          pings += 1;
        });
        await new Promise((resolve) => setTimeout(resolve, 2.8 * pingIntervalMs));
        expect(received).toEqual([]);
        expect(await ask("ping")).toMatchObject({ result: {} });
        socket.terminate();
        return pings;
      }),
    );
    for (const count of pings) expect(count).toBeGreaterThanOrEqual(2);
  });
}
