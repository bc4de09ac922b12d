import { httpRoutes } from "../server/http/routes.ts";
import { Installation } from "./installation.ts";
import { send } from "./requests.ts";
import { failuresOf, type Scenario } from "./scenario.ts";

const EVIL = "evil.example";

type Page = { readonly name: string; readonly headers: (host: string) => Readonly<Record<string, string>> };

/** What a browser sends for a web page: with a name that was bound to 127.0.0.1 again, or across origins. */
const pages: readonly Page[] = [
  { name: "a rebound name", headers: (host) => ({ host: foreign(host), origin: `http://${foreign(host)}` }) },
  { name: "a rebound name without Origin", headers: (host) => ({ host: foreign(host) }) },
  { name: "another origin", headers: (host) => ({ host, origin: `http://${EVIL}` }) },
  { name: "an opaque origin", headers: (host) => ({ host, origin: "null" }) },
];

const foreign = (host: string) => host.replace(/^[^:]+/, EVIL);

type Route = { readonly url: string; readonly method: string };

function routesOf({ http, server }: Installation): Route[] {
  const served = httpRoutes.map(({ method, route }) => ({
    method,
    url: http + route.replace(":name", "send_telegram_message"),
  }));
  return [...served, { method: "GET", url: `${server.addresses.metrics}/metrics` }];
}

function attempt({ url, method }: Route, headers: Readonly<Record<string, string>>) {
  const body = JSON.stringify({ message: "rebound: approve deploy" });
  const json = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  return send(url, method === "POST" ? { method, body, headers: { ...json, ...headers } } : { method, headers });
}

const withoutKeys: Scenario = {
  name: "web pages that reach a server without keys, on every route",
  async run() {
    await using installation = await Installation.start({ server: { MCP_ENABLE_AUTH: "false" } });
    const routes = routesOf(installation);
    const reached: string[] = [];
    for (const { name, headers } of pages) {
      for (const route of routes) {
        const { status } = await attempt(route, headers(new URL(route.url).host));
        if (status !== 403 && status !== 421)
          reached.push(`${name} got ${status} of ${route.method} ${new URL(route.url).pathname}`);
      }
    }
    const own = await attempt({ url: `${installation.http}/tools/send_telegram_message`, method: "POST" }, {});
    return {
      measured: `${pages.length * routes.length - reached.length} of ${pages.length * routes.length} refused`,
      failures: [...reached, ...failuresOf([[own.status === 200, `programs of this machine get ${own.status}`]])],
    };
  },
};

export const rebinding: readonly Scenario[] = [withoutKeys];
