import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Blueprint } from "../../../../operator/deployment/blueprint.ts";
import { childrenOf } from "../../../../operator/deployment/desired/children.ts";
import { bridgeEnvironment } from "../../../../operator/deployment/desired/configuration.ts";
import { exposureChildren } from "../../../../operator/deployment/desired/exposure.ts";
import { bridgeNetworkPolicy } from "../../../../operator/deployment/desired/network-policies.ts";
import { bridgeService } from "../../../../operator/deployment/desired/services.ts";
import { arbitraryBlueprint, blueprint, specOf } from "../support/blueprint.ts";

const from = [{ namespaceSelector: { matchLabels: { name: "proxies" } } }];
const nginx = { mode: "Ingress", host: "mcp.example.com", ingressClassName: "nginx" };
const traefik = { mode: "Ingress", host: "mcp.example.com", ingressClassName: "traefik", from };
const route = { mode: "HTTPRoute", host: "mcp.example.com", parentRefs: [{ name: "web" }], from };

const called = (exposure: object, spec: object = {}) =>
  blueprint(specOf({ ...spec, exposure }), { updates: "Webhook" });

type Way = { readonly in: string; readonly type: string; readonly path: string; readonly to: string };
type Backend = { readonly service: { readonly name: string; readonly port: { readonly number: number } } };
type Ingress = { rules: { http: { paths: { path: string; pathType: string; backend: Backend }[] } }[] };
type Route = {
  rules: { matches: { path: { type: string; value: string } }[]; backendRefs: { name: string; port: number }[] }[];
};

/** Every path from outside. */
const ways = (blueprint: Blueprint): Way[] =>
  exposureChildren(blueprint).flatMap(({ type, object }) => {
    const { name = "" } = object.metadata;
    if (type.plural === "ingresses") {
      const { rules } = object.spec as Ingress;
      return rules.flatMap(({ http }) =>
        http.paths.map(({ path, pathType, backend: { service } }) => ({
          in: name,
          type: pathType,
          path,
          to: `${service.name}:${service.port.number}`,
        })),
      );
    }
    if (type.plural !== "httproutes") return [];
    return (object.spec as Route).rules.flatMap(({ matches, backendRefs }) =>
      matches.flatMap(({ path }) =>
        backendRefs.map(({ name: to, port }) => ({ in: name, type: path.type, path: path.value, to: `${to}:${port}` })),
      ),
    );
  });

const toBridge = (blueprint: Blueprint) => ways(blueprint).filter(({ to }) => !to.includes("-mcp-server:"));

type Policy = { readonly ingress: readonly { readonly from: readonly object[]; readonly ports: { port: number }[] }[] };
const letIn = (blueprint: Blueprint, port: number) =>
  (bridgeNetworkPolicy(blueprint).object.spec as Policy).ingress.filter(({ ports }) =>
    ports.some((each) => each.port === port),
  );

describe("a bridge that Telegram calls", () => {
  test.each([
    ["an Ingress", traefik, "team-mcp-server"],
    // Not the one whose limits are those of REST.
    ["the Ingress of ingress-nginx without limits", nginx, "team-mcp-server"],
    ["a route", route, "team-mcp-server"],
  ])("is behind one path of %s, and is told its URL", (_what, exposure, name) => {
    const one = called({ ...exposure, path: "/chat" });
    const path = "/chat/telegram/updates";
    expect(toBridge(one)).toEqual([{ in: name, type: "Exact", path, to: "team-bridge:9002" }]);
    expect(bridgeEnvironment(one)).toMatchObject({
      TELEGRAM_UPDATES: "Webhook",
      TELEGRAM_WEBHOOK_URL: `https://mcp.example.com${path}`,
      TELEGRAM_WEBHOOK_PORT: "9002",
      BRIDGE_PORT: "9001",
    });
    expect((bridgeService(one).object.spec as { ports: object[] }).ports).toContainEqual({
      name: "updates",
      port: 9002,
      targetPort: "updates",
      protocol: "TCP",
    });
  });

  test("has the Gateway's port in its URL", () => {
    const one = called({ ...route, parentRefs: [{ name: "web", port: 8443 }] });
    expect(bridgeEnvironment(one).TELEGRAM_WEBHOOK_URL).toBe("https://mcp.example.com:8443/telegram/updates");
  });

  test("is not throttled by the limits of ingress-nginx for REST", () => {
    const annotations = exposureChildren(called(nginx)).map(({ object }) => object.metadata.annotations ?? {});
    const limited = annotations.map((each) => Object.keys(each).some((key) => key.includes("limit-")));
    expect(limited).toEqual([false, true]);
  });

  test("lets the proxy reach the port for Telegram's calls, and no other", () => {
    const one = called({ ...traefik, from: [...from, { cidr: "10.1.2.0/24" }] });
    const proxies = [...from, { ipBlock: { cidr: "10.1.2.0/24" } }];
    expect(letIn(one, 9002)).toEqual([{ from: proxies, ports: [{ port: 9002, protocol: "TCP" }] }]);
    expect(JSON.stringify(letIn(one, 9001))).not.toContain("proxies");
    expect(JSON.stringify(letIn(one, 9090))).not.toContain("proxies");
  });
});

test("whatever the spec says, only a bridge that Telegram calls has a way from outside, and it is that one path", () => {
  const seen = new Set<boolean>();
  fc.assert(
    fc.property(arbitraryBlueprint, (one) => {
      const isCalled = bridgeEnvironment(one).TELEGRAM_UPDATES === "Webhook";
      seen.add(isCalled);
      const { networkPolicy, exposure } = one.spec;
      const path = `${exposure.path ?? ""}/telegram/updates`;
      const to = `${one.name}-bridge:9002`;
      expect(toBridge(one).map(({ type, path, to }) => ({ type, path, to }))).toEqual(
        isCalled ? [{ type: "Exact", path, to }] : [],
      );
      if (networkPolicy.mode === "Restricted") expect(letIn(one, 9002)).toHaveLength(isCalled ? 1 : 0);
      const ports = JSON.stringify(Object.values(childrenOf(one)).flat()).match(/"(port|containerPort)":9002/g) ?? [];
      expect(ports.length > 0).toBe(isCalled);
    }),
    { numRuns: 300 },
  );
  expect(seen).toEqual(new Set([true, false]));
});
