import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { definitionFiles, gatewayDefinitions } from "../../../../e2e/cluster/definitions.ts";
import * as types from "../../../../operator/deployment/resource-types.ts";
import type { Client } from "../../../../operator/runtime/client.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { apiVersionOf } from "../../../../operator/runtime/resource-type.ts";
import { chartAccount, clientWith, tokenOf } from "../support/chart-account.ts";
import { type ClosedRelease, installClosedRelease } from "../support/closed-release.ts";
import { balancer, type Exposed, expectRest, exposedWorld, kubectl, nginx, route, said } from "../support/exposure.ts";
import {
  changeSpec,
  childNames,
  conditionOf,
  createResource,
  eventually,
  exists,
  readResource,
  untilCondition,
  untilSettled,
} from "../support/steps.ts";
import { applyAs, waysIn } from "../support/ways-in.ts";
import type { World } from "../support/world.ts";

const installGateways = async () =>
  kubectl(["apply", "--server-side", "-f", (await definitionFiles(gatewayDefinitions)).join(",")]);
const forgetGateways = async () =>
  kubectl(["delete", "--ignore-not-found", "-f", (await definitionFiles(gatewayDefinitions)).join(",")]);

let exposed: Exposed;
let world: World;
let targets: Exposed["targets"];

beforeAll(async () => {
  exposed = await exposedWorld("route");
  ({ world, targets } = exposed);
});
afterAll(async () => {
  await forgetGateways();
  await world.dispose();
});

describe("an HTTPRoute", () => {
  test("waits for its definition, and says so", async () => {
    await createResource(world, "gate", { exposure: route });
    await untilSettled(world, "gate");
    await untilCondition(world, "gate", "Exposed", { status: "False", reason: "GatewayAPINotInstalled" });
  });

  test("is made when the Gateway API comes, as its own definition takes it", async () => {
    await installGateways();
    await eventually(async () => expect(await exists(world, types.httpRoutes, "gate-mcp-server")).toBe(true));
    await untilCondition(world, "gate", "Exposed", { status: "False", reason: "RouteNotAccepted" });
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
    await said(world, types.httpRoutes, "gate-mcp-server", status("False"));
    const refused = await untilCondition(world, "gate", "Exposed", { status: "False", reason: "RouteNotAccepted" });
    await eventually(async () =>
      expect(conditionOf(await readResource(world, "gate"), "Exposed")?.message).toContain("no listener has this host"),
    );
    expect(conditionOf(refused, "Ready")).toMatchObject({ status: "True" });
    await said(world, types.httpRoutes, "gate-mcp-server", status("True"));
    await untilCondition(world, "gate", "Exposed", { status: "Unknown", reason: "GatewayNotSeen" });
    await world.post(types.gateways, {
      apiVersion: apiVersionOf(types.gateways),
      kind: "Gateway",
      metadata: { name: "web" },
      spec: { gatewayClassName: "any", listeners: [{ name: "https", port: 80, protocol: "HTTP" }] },
    });
    await untilCondition(world, "gate", "Exposed", { status: "False", reason: "NoAddress" });
    await said(world, types.gateways, "web", { addresses: [{ type: "IPAddress", value: "203.0.113.20" }] });
    await untilCondition(world, "gate", "Exposed", { status: "True", reason: "Answered" });
    expect(targets.at(-1)).toMatchObject({ addresses: ["203.0.113.20"], host: "mcp.example.com", scheme: "https" });
  });

  test("that was changed or deleted is what it was", async () => {
    const { spec, metadata } = await world.get(types.httpRoutes, "gate-mcp-server");
    await world.patch(types.httpRoutes, "gate-mcp-server", { spec: { hostnames: ["theirs.example.com"] } });
    await eventually(async () => expect((await world.get(types.httpRoutes, "gate-mcp-server")).spec).toEqual(spec));
    await world.delete(types.httpRoutes, "gate-mcp-server");
    await eventually(async () =>
      expect((await world.get(types.httpRoutes, "gate-mcp-server")).metadata.uid).not.toBe(metadata.uid),
    );
    // The Gateway has to accept the new one.
    await untilCondition(world, "gate", "Exposed", { status: "False", reason: "RouteNotAccepted" });
    await said(world, types.httpRoutes, "gate-mcp-server", status("True"));
    await untilCondition(world, "gate", "Exposed", { status: "True", reason: "Answered" });
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

  test("causes no write while nothing changes", async () => {
    await expectRest(exposed, "gate");
  });

  test("leads Telegram's calls to the bridge that receives by a webhook, and is as it was stored", async () => {
    await world.post(types.secrets, { metadata: { name: "called" }, stringData: { token: "987654321:AAExample" } });
    const telegram = { botTokenSecretRef: { name: "called" }, allowedUsers: [1], updates: "Webhook" };
    await createResource(world, "called", { exposure: { ...route, host: "called.example.com" }, telegram });
    await untilSettled(world, "called");
    const { spec } = await world.get(types.httpRoutes, "called-mcp-server");
    expect((spec as { rules: object[] }).rules.at(-1)).toEqual({
      matches: [{ path: { type: "Exact", value: "/telegram/updates" } }],
      backendRefs: [{ group: "", kind: "Service", name: "called-bridge", port: 9002, weight: 1 }],
      timeouts: { request: "60s" },
    });
    await said(world, types.httpRoutes, "called-mcp-server", status("True"));
    await expectRest(exposed, "called");
    await world.delete(types.cctelegramDeployments, "called");
  });

  describe("of an operator", () => {
    let release: ClosedRelease;
    let open: Client & { close(): void };
    let closed: Client & { close(): void };

    beforeAll(async () => {
      release = await installClosedRelease();
      open = clientWith(await tokenOf(world.client, chartAccount), "open");
      closed = clientWith(await tokenOf(world.client, release.account), "closed");
      await world.stopOperator();
    });
    afterAll(async () => {
      open.close();
      closed.close();
      await release.dispose();
      await world.startOperator();
    });

    const wayIn = { ...waysIn.HTTPRoute, name: "way-in" };
    const team = () => readResource(world, "gate");
    const other = { name: "database", port: 8080 };
    const backend = { name: "gate-mcp-server", port: 8080 };
    const redirection = [{ type: "RequestRedirect", requestRedirect: { hostname: "evil.example" } }];

    test("that may not open networks is refused by the API server, and may take one away", async () => {
      await expect(applyAs(closed, await team(), wayIn)).rejects.toThrow(/may write no Ingresses and HTTPRoutes/);
      await applyAs(open, await team(), wayIn);
      await closed.delete(types.httpRoutes, world.namespace, "way-in");
      expect(await exists(world, types.httpRoutes, "way-in")).toBe(false);
    });

    test.each([
      ["to the port of a bridge for servers", { rules: [{ backendRefs: [{ name: "gate-bridge", port: 9001 }] }] }],
      ["to another Service", { rules: [{ backendRefs: [other] }] }],
      ["to a server of another namespace", { rules: [{ backendRefs: [{ ...backend, namespace: "default" }] }] }],
      ["for every host", { hostnames: [] }],
      ["that sends clients elsewhere", { rules: [{ filters: redirection }] }],
    ])("is refused by the API server %s", async (_what, spec) => {
      const changed = { ...wayIn, spec: { ...wayIn.spec, ...spec } };
      await expect(applyAs(open, await team(), changed)).rejects.toThrow(
        /HTTPRoutes of the operator may route hosts to MCP servers and to the port of bridges for Telegram's calls only/,
      );
    });
  });

  test("leaves nothing behind when another mode comes, and none at the end", async () => {
    await createResource(world, "moved", { exposure: balancer });
    await untilSettled(world, "moved");
    const outside = async () => {
      const owner = (await readResource(world, "moved")) as KubernetesObject;
      const names = await childNames(world, owner);
      return names.filter((name) => /ingresses|httproutes|external/.test(name));
    };
    const change = (exposure: object) => changeSpec(world, "moved", { exposure });
    const fresh = {
      loadBalancerSourceRanges: null,
      path: null,
      ingressClassName: null,
      parentRefs: null,
      from: null,
      host: null,
    };
    expect(await outside()).toEqual(["services/moved-mcp-external"]);
    await change({ ...fresh, ...nginx });
    await eventually(async () =>
      expect(await outside()).toEqual(["ingresses/moved-mcp-server", "ingresses/moved-mcp-server-tools"]),
    );
    await change({ ...fresh, ...route });
    await eventually(async () => {
      expect(await outside()).toEqual([]);
      expect(await exists(world, types.httpRoutes, "moved-mcp-server")).toBe(true);
    });
    await change({ ...fresh, ...balancer });
    await eventually(async () => {
      expect(await outside()).toEqual(["services/moved-mcp-external"]);
      expect(await exists(world, types.httpRoutes, "moved-mcp-server")).toBe(false);
    });
    await change({ mode: "None" });
    await eventually(async () => {
      expect(await outside()).toEqual([]);
      const { status } = await readResource(world, "moved");
      expect(status?.url).toBe(status?.internalUrl);
      expect(status?.conditions?.some(({ type }) => type === "Exposed")).toBe(false);
    });
    const { ports } = (await world.get<{ spec: { ports: { name: string }[] } }>(types.services, "moved-mcp-server"))
      .spec;
    expect(ports.map(({ name }) => name)).toEqual(["http", "metrics"]);
  });

  test("that loses its definition holds up nobody else", async () => {
    await forgetGateways();
    await untilCondition(world, "gate", "Exposed", { status: "False", reason: "GatewayAPINotInstalled" }, 60_000);
    await changeSpec(world, "moved", { server: { logLevel: "debug" } });
    await untilSettled(world, "moved");
  });
});
