import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as types from "../../../../operator/deployment/resource-types.ts";
import { apiVersionOf } from "../../../../operator/runtime/resource-type.ts";
import { balancer, exposedWorld, from, kubectl, nginx, otherClass, route } from "../support/exposure.ts";
import { changeSpec, createResource } from "../support/steps.ts";
import { minimalSpec, type World } from "../support/world.ts";

let world: World;

beforeAll(async () => {
  ({ world } = await exposedWorld("refused"));
});
afterAll(() => world.dispose());

describe("the API server refuses", () => {
  const only = /does not belong to this mode/;
  const wrong: readonly [string, object, RegExp][] = [
    [
      "an Ingress without a host",
      { ...nginx, host: undefined },
      /host must be the public name, for example mcp\.example\.com/,
    ],
    ["a route without a host", { ...route, host: undefined }, /host must be the public name/],
    ["an address for a host", { ...nginx, host: "203.0.113.9" }, /host must be a name/],
    ["a wildcard for a host", { ...nginx, host: "*.example.com" }, /host/],
    ["a route without a Gateway", { ...route, parentRefs: undefined }, /parentRefs must name the Gateway/],
    ["a route without proxies", { ...route, from: undefined }, /from must say where the Gateway's pods run/],
    [
      "an Ingress of another class without proxies",
      { ...otherClass, from: undefined },
      /from must say where the ingress controller's pods run/,
    ],
    ["an Ingress of any class without proxies", { mode: "Ingress", host: "a.example.com" }, /from must say/],
    ["everybody as a proxy", { ...otherClass, from: [{ cidr: "0.0.0.0/0" }] }, /cidr must not be everybody/],
    ["everybody as a proxy, by IPv6", { ...otherClass, from: [{ cidr: "::/0" }] }, /cidr must not be everybody/],
    [
      "every pod as a proxy",
      { ...otherClass, from: [{ namespaceSelector: {} }] },
      /would let every pod of the cluster in/,
    ],
    [
      "a proxy that is address and pod",
      { ...otherClass, from: [{ cidr: "10.0.0.0/8", podSelector: {} }] },
      /either cidr, or selectors/,
    ],
    ["no proxies", { ...otherClass, from: [] }, /at least 1 items/],
    [
      "a load balancer for nobody in particular",
      { mode: "LoadBalancer" },
      /loadBalancerSourceRanges must say who may call/,
    ],
    [
      "a certificate at a load balancer",
      { ...balancer, tls: { secretName: "a" } },
      /tls does not belong to mode LoadBalancer/,
    ],
    [
      "a certificate at a route",
      { ...route, tls: { secretName: "a" } },
      /the certificate is that of the Gateway's listener/,
    ],
    [
      "TLS at a load balancer without a name",
      { ...balancer, scheme: "https" },
      /host must be the name in the certificate/,
    ],
    ["a certificate without TLS", { ...nginx, scheme: "http", tls: { secretName: "a" } }, /tls needs the scheme https/],
    [
      "two certificates",
      { ...nginx, tls: { secretName: "a", issuer: "b" } },
      /one of secretName, issuer and clusterIssuer/,
    ],
    ["no certificate at all", { ...nginx, tls: {} }, /one of secretName, issuer and clusterIssuer/],
    ["a class at a route", { ...route, ingressClassName: "nginx" }, only],
    ["a controller at a route", { ...route, controller: "Other" }, only],
    ["a Gateway at an Ingress", { ...nginx, parentRefs: [{ name: "web" }] }, only],
    ["a path at a load balancer", { ...balancer, path: "/a" }, only],
    ["proxies at a load balancer", { ...balancer, from }, only],
    ["a time-out at a load balancer", { ...balancer, requestTimeoutSeconds: 5 }, only],
    ["a port at an Ingress", { ...nginx, port: 8443 }, only],
    ["source ranges at an Ingress", { ...nginx, loadBalancerSourceRanges: ["10.0.0.0/8"] }, only],
    ["a class of load balancers at an Ingress", { ...nginx, loadBalancerClass: "example.com/lb" }, only],
    ["a class of load balancers that is none", { ...balancer, loadBalancerClass: "A class" }, /must be a class/],
    ["a path that is none", { ...nginx, path: "team" }, /path/],
    ["a path that goes up", { ...nginx, path: "/../team" }, /path/],
    ["a path with a slash too many", { ...nginx, path: "/team/" }, /path/],
    ["a path with a code", { ...nginx, path: "/te%61m" }, /path/],
    [
      "an annotation of ours",
      { ...nginx, annotations: { "cctelegram.io/adopt": "other" } },
      /set by fields of the resource/,
    ],
    ["an issuer by annotation", { ...nginx, annotations: { "cert-manager.io/cluster-issuer": "a" } }, /set by fields/],
    ["a class by annotation", { ...nginx, annotations: { "kubernetes.io/ingress.class": "a" } }, /set by fields/],
    [
      "a snippet",
      { ...nginx, annotations: { "nginx.ingress.kubernetes.io/configuration-snippet": "return 200;" } },
      /snippets are configuration of the whole ingress controller/,
    ],
    [
      "a label of ours",
      { ...nginx, labels: { "app.kubernetes.io/name": "other" } },
      /labels of cctelegram\.io and app/,
    ],
    ["an unknown mode", { mode: "NodePort" }, /supported values: "None", "Ingress", "HTTPRoute", "LoadBalancer"/],
  ];

  const refusal = (spec: object) => {
    const apiVersion = apiVersionOf(types.cctelegramDeployments);
    const manifest = { apiVersion, kind: "CCTelegramDeployment", metadata: { name: "wrong" }, spec };
    const args = ["-n", world.namespace, "apply", "--dry-run=server", "-f", "-"];
    return kubectl(args, JSON.stringify(manifest));
  };

  test.each(wrong)("%s", async (_what, exposure, message) => {
    await expect(refusal({ ...minimalSpec, exposure })).rejects.toThrow(message);
  });

  const issuer = "https://auth.example.com/";
  test.each([
    ["of an issuer by http", { issuer: "http://auth.example.com" }, /issuer must be an https URL/],
    ["of an issuer with a password", { issuer: "https://me:word@auth.example.com" }, /no user name, no query/],
    ["of an issuer with a query", { issuer: `${issuer}?tenant=1` }, /no user name, no query/],
    ["of an issuer that is no URL", { issuer: "auth.example.com" }, /issuer must be a URL/],
    ["with keys by http", { issuer, jwksUrl: "http://169.254.169.254/" }, /jwksUrl must be an https URL/],
    [
      "for a resource with other characters",
      { issuer, resource: "https://a.example.com/:x/mcp" },
      /with a path of letters/,
    ],
    ["with a prefix of two words", { issuer, scopePrefix: "two words" }, /scopePrefix/],
    ["of nobody", {}, /issuer: Required value/],
  ])("access tokens %s", async (_what, oauth, message) => {
    await expect(refusal({ ...minimalSpec, server: { auth: { oauth } } })).rejects.toThrow(message);
  });

  test("access tokens for a load balancer whose address nobody knows, and takes them with it", async () => {
    const server = (oauth: object) => ({ auth: { oauth: { issuer, ...oauth } } });
    const unknown = { ...balancer, host: undefined };
    await expect(refusal({ ...minimalSpec, exposure: unknown, server: server({}) })).rejects.toThrow(
      /server\.auth\.oauth\.resource must be the URL/,
    );
    const resource = "http://203.0.113.7/mcp";
    await refusal({ ...minimalSpec, exposure: unknown, server: server({ resource }) });
    await refusal({ ...minimalSpec, exposure: { ...balancer, host: "mcp.example.com" }, server: server({}) });
    for (const exposure of [nginx, route, { mode: "None" }]) {
      await refusal({ ...minimalSpec, exposure, server: server({ offeredPermissions: ["todo"] }) });
    }
  });

  const called = { ...minimalSpec.telegram, updates: "Webhook" };
  const leads =
    /telegram\.updates Webhook needs exposure\.mode Ingress or HTTPRoute.*or set telegram\.updates to Polling/;
  test.each([
    ["without an exposure", { mode: "None" }, leads],
    ["at a load balancer", balancer, leads],
    ["at one that ends TLS", { ...balancer, scheme: "https", host: "a.example.com" }, leads],
    ["without TLS", { ...nginx, scheme: "http" }, /calls a webhook by https only/],
    [
      "on another port",
      { ...route, parentRefs: [{ name: "web", port: 4443 }, { name: "web" }] },
      /on the ports 443, 80, 88 and 8443 only/,
    ],
  ])("calls of Telegram %s", async (_what, exposure, message) => {
    await expect(refusal({ ...minimalSpec, telegram: called, exposure })).rejects.toThrow(message);
    await refusal({ ...minimalSpec, telegram: { ...called, updates: "Polling" }, exposure });
  });

  test("and accepts them where Telegram can call", async () => {
    const byPort = { ...route, parentRefs: [{ name: "web", port: 8443 }] };
    for (const exposure of [nginx, otherClass, route, byPort, { ...nginx, scheme: "https", path: "/a" }]) {
      await refusal({ ...minimalSpec, telegram: called, exposure });
    }
  });

  test.each([
    [
      "every address as a proxy",
      { trustedProxies: ["0.0.0.0/0"] },
      /must be an address, or a range that is not everybody/,
    ],
    ["a name as a proxy", { trustedProxies: ["cdn.example.com"] }, /must be an address/],
    ["any origin", { allowedOrigins: ["*"] }, /must be an origin as browsers write it/],
    ["an origin with a path", { allowedOrigins: ["https://a.example.com/x"] }, /must be an origin/],
    ["an origin with no port", { allowedOrigins: ["https://a.example.com:99999"] }, /a port of at most 65535/],
    ["a host with a port", { allowedHosts: ["a.example.com:80"] }, /without scheme and port/],
    [
      "a variable that a field stands for",
      { env: [{ name: "MCP_TRUSTED_PROXIES", value: "x" }] },
      /set by the operator/,
    ],
    ["the second port as a variable", { env: [{ name: "MCP_SECOND_PORT", value: "3000" }] }, /set by the operator/],
    ["a second port that needs rights", { secondPort: 80 }, /secondPort.*greater than or equal to 1024/],
    ["a second port that is none", { secondPort: 65_536 }, /secondPort.*less than or equal to 65535/],
  ])("%s in the server", async (_what, server, message) => {
    await expect(refusal({ ...minimalSpec, server })).rejects.toThrow(message);
  });

  test.each([8080, 8082, 8083, 9090])("%i, which the server uses itself, as its second port", async (secondPort) => {
    const message = /secondPort must not be 8080, 8082, 8083, 9090: the server uses them itself/;
    await expect(refusal({ ...minimalSpec, server: { secondPort } })).rejects.toThrow(message);
  });

  test("another class of load balancers while there is one, and takes it after a pause", async () => {
    await createResource(world, "classed", { exposure: { ...balancer, loadBalancerClass: "example.com/a" } });
    const change = (exposure: object) => changeSpec(world, "classed", { exposure });
    await expect(change({ loadBalancerClass: "example.com/b" })).rejects.toThrow(/set mode None first/);
    await change({ mode: "None" });
    await change({ mode: "LoadBalancer", loadBalancerClass: "example.com/b" });
    await world.delete(types.cctelegramDeployments, "classed");
  });
});
