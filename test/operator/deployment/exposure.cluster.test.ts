import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { definitionFiles, gatewayDefinitions } from "../../../e2e/cluster/definitions.ts";
import { program } from "../../../e2e/cluster/programs.ts";
import { run } from "../../../machine/command.mjs";
import type { ExposureTarget } from "../../../operator/deployment/exposure/probe.ts";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { apiVersionOf, type ResourceType } from "../../../operator/runtime/resource-type.ts";
import { Authority } from "./support/certificates.ts";
import {
  changeSpec,
  childNames,
  conditionOf,
  createResource,
  createToken,
  eventually,
  exists,
  readResource,
  untilAnnounced,
  untilCondition,
  untilSettled,
  versions,
  writesOf,
} from "./support/steps.ts";
import { minimalSpec, World } from "./support/world.ts";

let world: World;
let command: string;
let targets: ExposureTarget[] = [];

beforeAll(async () => {
  command = await program("kubectl");
  world = await World.create("exposed");
  world.lookFromOutside = async (target) => {
    targets.push(target);
    return { answered: true };
  };
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterAll(async () => {
  await forgetGateways();
  await world.dispose();
});

const kubectl = (args: readonly string[], input?: string) =>
  run(command, ["--kubeconfig", inject("kubeconfig"), ...args], input === undefined ? {} : { input });

const installGateways = async () =>
  kubectl(["apply", "--server-side", "-f", (await definitionFiles(gatewayDefinitions)).join(",")]);
const forgetGateways = async () =>
  kubectl(["delete", "--ignore-not-found", "-f", (await definitionFiles(gatewayDefinitions)).join(",")]);

const from = [{ namespaceSelector: { matchLabels: { name: "proxies" } } }];
const nginx = { mode: "Ingress", host: "mcp.example.com", ingressClassName: "nginx" };
const other = { mode: "Ingress", host: "mcp.example.com", ingressClassName: "traefik", from };
const route = { mode: "HTTPRoute", host: "mcp.example.com", parentRefs: [{ name: "web" }], from };
const balancer = { mode: "LoadBalancer", loadBalancerSourceRanges: ["203.0.113.0/24"] };

/** What a controller writes. */
const said = (type: ResourceType, name: string, status: object) => world.patch(type, name, { status }, "status");
const addressed = (ip: string) => ({ loadBalancer: { ingress: [{ ip }] } });

const connectionUrl = async (name: string) => {
  const { data } = await world.get<{ data: Record<string, string> }>(types.secrets, `${name}-connection-claude`);
  const text = (key: string) => Buffer.from(data[key] ?? "", "base64").toString();
  return [text("url"), JSON.parse(text("mcp.json")).mcpServers.cctelegram.url];
};

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
      { ...other, from: undefined },
      /from must say where the ingress controller's pods run/,
    ],
    ["an Ingress of any class without proxies", { mode: "Ingress", host: "a.example.com" }, /from must say/],
    ["everybody as a proxy", { ...other, from: [{ cidr: "0.0.0.0/0" }] }, /cidr must not be everybody/],
    ["everybody as a proxy, by IPv6", { ...other, from: [{ cidr: "::/0" }] }, /cidr must not be everybody/],
    ["every pod as a proxy", { ...other, from: [{ namespaceSelector: {} }] }, /would let every pod of the cluster in/],
    [
      "a proxy that is address and pod",
      { ...other, from: [{ cidr: "10.0.0.0/8", podSelector: {} }] },
      /either cidr, or selectors/,
    ],
    ["no proxies", { ...other, from: [] }, /at least 1 items/],
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
  ])("%s in the server", async (_what, server, message) => {
    await expect(refusal({ ...minimalSpec, server })).rejects.toThrow(message);
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

describe("an Ingress", () => {
  test("is made, and its address is looked at as soon as a controller has given it one", async () => {
    await createResource(world, "web", { exposure: nginx });
    await untilSettled(world, "web");
    const waiting = await untilCondition(world, "web", "Exposed", { status: "False", reason: "NoAddress" });
    expect(waiting.status).toMatchObject({
      url: "https://mcp.example.com/mcp",
      internalUrl: `http://web-mcp-server.${world.namespace}.svc:8080/mcp`,
    });
    expect(await connectionUrl("web")).toEqual(["https://mcp.example.com/mcp", "https://mcp.example.com/mcp"]);
    expect(conditionOf(waiting, "Ready")).toMatchObject({ status: "True" });

    targets = [];
    await said(types.ingresses, "web-mcp-server", addressed("203.0.113.9"));
    await untilCondition(world, "web", "Exposed", { status: "True", reason: "Answered" });
    expect(targets[0]).toMatchObject({
      addresses: ["203.0.113.9"],
      host: "mcp.example.com",
      scheme: "https",
      port: 443,
    });
    await untilAnnounced(world, "web", "Exposed");
  });

  test.each(["web-mcp-server", "web-mcp-server-tools"])(
    "%s that was changed or deleted is what it was",
    async (name) => {
      const { spec } = await world.get(types.ingresses, name);
      await world.patch(types.ingresses, name, {
        spec: { rules: null, defaultBackend: { service: { name: "x", port: { number: 1 } } } },
      });
      await eventually(async () => expect((await world.get(types.ingresses, name)).spec).toMatchObject(spec as object));
      const { metadata } = await world.get(types.ingresses, name);
      await world.delete(types.ingresses, name);
      await eventually(async () =>
        expect((await world.get(types.ingresses, name)).metadata.uid).not.toBe(metadata.uid),
      );
    },
  );

  test("of another class is one, and the second goes", async () => {
    await changeSpec(world, "web", { exposure: other });
    await eventually(async () => expect(await exists(world, types.ingresses, "web-mcp-server-tools")).toBe(false));
    await eventually(async () =>
      expect((await world.get(types.ingresses, "web-mcp-server")).spec).toMatchObject({ ingressClassName: "traefik" }),
    );
  });

  test("with a certificate waits for its Secret, and then asks for that one", async () => {
    const authority = new Authority();
    const { key, cert } = authority.issue({ name: "mcp.example.com" });
    authority.dispose();
    await changeSpec(world, "web", { exposure: { tls: { secretName: "mcp-tls" } } });
    await said(types.ingresses, "web-mcp-server", addressed("203.0.113.9"));
    await untilCondition(world, "web", "Exposed", { status: "False", reason: "CertificateNotFound" });
    targets = [];
    const tls = {
      metadata: { name: "mcp-tls" },
      type: "kubernetes.io/tls",
      stringData: { "tls.key": key, "tls.crt": cert },
    };
    await world.post(types.secrets, tls);
    await untilCondition(world, "web", "Exposed", { status: "True" });
    expect(targets[0]?.certificate).toMatch(/^[0-9a-f]{64}$/);
    await world.patch(types.secrets, "mcp-tls", { data: { "tls.crt": Buffer.from("none").toString("base64") } });
    await untilCondition(world, "web", "Exposed", { status: "False", reason: "CertificateUnusable" });
    await world.delete(types.secrets, "mcp-tls");
    await untilCondition(world, "web", "Exposed", { status: "False", reason: "CertificateNotFound" });
  });

  test("that somebody else has is left alone, and told", async () => {
    const rules = [{ host: "theirs.example.com" }];
    await world.post(types.ingresses, { metadata: { name: "taken-mcp-server" }, spec: { rules } });
    await createResource(world, "taken", { exposure: other });
    const refused = await untilCondition(world, "taken", "Degraded", { status: "True", reason: "ChildRefused" });
    expect(conditionOf(refused, "Degraded")?.message).toContain(`Ingress ${world.namespace}/taken-mcp-server exists`);
    await untilCondition(world, "taken", "Exposed", { status: "False", reason: "NotCreated" });
    expect((await world.get(types.ingresses, "taken-mcp-server")).spec).toMatchObject({ rules });
    await world.delete(types.cctelegramDeployments, "taken");
  });
});

describe("an HTTPRoute", () => {
  test("waits for its definition, and says so", async () => {
    await createResource(world, "gate", { exposure: route });
    await untilSettled(world, "gate");
    await untilCondition(world, "gate", "Exposed", { status: "False", reason: "GatewayAPINotInstalled" });
  });

  test("is made when the Gateway API comes, as its own definition takes it", async () => {
    await installGateways();
    await eventually(async () => expect(await exists(world, types.httpRoutes, "gate-mcp-server")).toBe(true), 60_000);
    await untilCondition(world, "gate", "Exposed", { status: "False", reason: "RouteNotAccepted" }, 30_000);
  });

  const status = (accepted: "True" | "False", generation = 1) => ({
    parents: [
      {
        parentRef: { group: "gateway.networking.k8s.io", kind: "Gateway", name: "web" },
        controllerName: "example.com/controller",
        conditions: [
          {
            type: "Accepted",
            status: accepted,
            reason: accepted === "True" ? "Accepted" : "NoMatchingListenerHostname",
            message: accepted === "True" ? "" : "no listener has this host",
            lastTransitionTime: "2026-01-01T00:00:00Z",
            observedGeneration: generation,
          },
        ],
      },
    ],
  });

  test("tells what the Gateway says of it, and is looked at where the Gateway is", async () => {
    await said(types.httpRoutes, "gate-mcp-server", status("False"));
    const refused = await untilCondition(world, "gate", "Exposed", { status: "False", reason: "RouteNotAccepted" });
    await eventually(async () =>
      expect(conditionOf(await readResource(world, "gate"), "Exposed")?.message).toContain("no listener has this host"),
    );
    expect(conditionOf(refused, "Ready")).toMatchObject({ status: "True" });
    await said(types.httpRoutes, "gate-mcp-server", status("True"));
    await untilCondition(world, "gate", "Exposed", { status: "Unknown", reason: "GatewayNotSeen" });
    targets = [];
    await world.post(types.gateways, {
      apiVersion: apiVersionOf(types.gateways),
      kind: "Gateway",
      metadata: { name: "web" },
      spec: { gatewayClassName: "any", listeners: [{ name: "https", port: 80, protocol: "HTTP" }] },
    });
    await untilCondition(world, "gate", "Exposed", { status: "False", reason: "NoAddress" });
    await said(types.gateways, "web", { addresses: [{ type: "IPAddress", value: "203.0.113.20" }] });
    await untilCondition(world, "gate", "Exposed", { status: "True", reason: "Answered" });
    expect(targets[0]).toMatchObject({ addresses: ["203.0.113.20"], host: "mcp.example.com", scheme: "https" });
  });

  test("that was changed or deleted is what it was", async () => {
    const { spec, metadata } = await world.get(types.httpRoutes, "gate-mcp-server");
    await world.patch(types.httpRoutes, "gate-mcp-server", { spec: { hostnames: ["theirs.example.com"] } });
    await eventually(async () => expect((await world.get(types.httpRoutes, "gate-mcp-server")).spec).toEqual(spec));
    await world.delete(types.httpRoutes, "gate-mcp-server");
    await eventually(async () =>
      expect((await world.get(types.httpRoutes, "gate-mcp-server")).metadata.uid).not.toBe(metadata.uid),
    );
  });

  test("that somebody else has is left alone", async () => {
    const parentRefs = [{ name: "theirs" }];
    const metadata = { name: "routed-mcp-server" };
    const apiVersion = apiVersionOf(types.httpRoutes);
    await world.post(types.httpRoutes, { apiVersion, kind: "HTTPRoute", metadata, spec: { parentRefs } });
    await createResource(world, "routed", { exposure: route });
    await untilCondition(world, "routed", "Degraded", { status: "True", reason: "ChildRefused" });
    expect((await world.get(types.httpRoutes, "routed-mcp-server")).spec).toMatchObject({ parentRefs });
    await world.delete(types.cctelegramDeployments, "routed");
  });
});

describe("a load balancer", () => {
  test("gives its address to the status and to the clients", async () => {
    await createResource(world, "open", { exposure: balancer });
    const inside = `http://open-mcp-server.${world.namespace}.svc:8080/mcp`;
    expect((await untilSettled(world, "open")).status?.url).toBe(inside);
    await said(types.services, "open-mcp-external", addressed("203.0.113.30"));
    await untilCondition(world, "open", "Exposed", { status: "True" });
    const url = "http://203.0.113.30/mcp";
    await eventually(async () => {
      expect((await readResource(world, "open")).status).toMatchObject({ url, internalUrl: inside });
      expect(await connectionUrl("open")).toEqual([url, url]);
    });
  });
});

describe("every mode", () => {
  const all = ["web", "gate", "open"];

  test("causes no write while nothing changes, not even by a new operator", async () => {
    await changeSpec(world, "web", { exposure: { tls: null } });
    await said(types.ingresses, "web-mcp-server", addressed("203.0.113.9"));
    for (const name of all) await untilSettled(world, name);
    await untilCondition(world, "web", "Exposed", { status: "True" });
    const before = await Promise.all(all.map((name) => versions(world, name)));
    await world.audit.reset();
    await world.restartOperator(all.length);
    // What was found before the restart is found again.
    await eventually(() => expect(new Set(targets.map(({ name }) => name))).toEqual(new Set(all)));
    expect((await writesOf(world)).filter((write) => !write.includes(" events "))).toEqual([]);
    expect(await Promise.all(all.map((name) => versions(world, name)))).toEqual(before);
  });

  test("leaves nothing behind when another comes, and none at the end", async () => {
    const outside = async () => {
      const owner = (await readResource(world, "open")) as KubernetesObject;
      const names = await childNames(world, owner);
      return names.filter((name) => /ingresses|httproutes|external/.test(name));
    };
    const change = (exposure: object) => changeSpec(world, "open", { exposure });
    const fresh = {
      loadBalancerSourceRanges: null,
      path: null,
      ingressClassName: null,
      parentRefs: null,
      from: null,
      host: null,
    };
    expect(await outside()).toEqual(["services/open-mcp-external"]);
    await change({ ...fresh, ...nginx });
    await eventually(async () =>
      expect(await outside()).toEqual(["ingresses/open-mcp-server", "ingresses/open-mcp-server-tools"]),
    );
    await change({ ...fresh, ...route });
    await eventually(async () => {
      expect(await outside()).toEqual([]);
      expect(await exists(world, types.httpRoutes, "open-mcp-server")).toBe(true);
    });
    await change({ ...fresh, ...balancer });
    await eventually(async () => {
      expect(await outside()).toEqual(["services/open-mcp-external"]);
      expect(await exists(world, types.httpRoutes, "open-mcp-server")).toBe(false);
    });
    await change({ mode: "None" });
    await eventually(async () => {
      expect(await outside()).toEqual([]);
      const { status } = await readResource(world, "open");
      expect(status?.url).toBe(status?.internalUrl);
      expect(status?.conditions?.some(({ type }) => type === "Exposed")).toBe(false);
    });
    const { ports } = (await world.get<{ spec: { ports: { name: string }[] } }>(types.services, "open-mcp-server"))
      .spec;
    expect(ports.map(({ name }) => name)).toEqual(["http", "metrics"]);
  });

  test("goes on for the others when the Gateway API goes", async () => {
    await forgetGateways();
    await untilCondition(world, "gate", "Exposed", { status: "False", reason: "GatewayAPINotInstalled" }, 60_000);
    await changeSpec(world, "web", { server: { logLevel: "debug" } });
    await untilSettled(world, "web");
  });
});

test("authors may not expose anything where the administrator forbids it", async () => {
  world.settings = { ...world.settings, allowNetworkFields: false };
  await world.restartOperator();
  await createResource(world, "forbidden", { exposure: nginx });
  const stalled = await untilCondition(world, "forbidden", "Stalled", { status: "True", reason: "NotAllowed" });
  expect(conditionOf(stalled, "Stalled")?.message).toContain("does not allow exposure.mode");
  expect(await exists(world, types.ingresses, "forbidden-mcp-server")).toBe(false);
});
