import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as types from "../../../../operator/deployment/resource-types.ts";
import type { Client } from "../../../../operator/runtime/client.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { chartAccount, clientWith, tokenOf } from "../support/chart-account.ts";
import { type ClosedRelease, installClosedRelease } from "../support/closed-release.ts";
import { balancer, nginx, route } from "../support/exposure.ts";
import {
  childNames,
  conditionOf,
  createResource,
  createToken,
  exists,
  untilCondition,
  untilSettled,
} from "../support/steps.ts";
import { applyAs, waysIn } from "../support/ways-in.ts";
import { World } from "../support/world.ts";

let release: ClosedRelease;
let world: World;
let team: KubernetesObject;
/** With the tokens of operators that may, and may not, open networks. */
let open: Client & { close(): void };
let closed: Client & { close(): void };

beforeAll(async () => {
  release = await installClosedRelease();
  world = await World.create("forbidden", release.account);
  world.settings = { ...world.settings, allowNetworkFields: false };
  world.kubelet.start();
  await createToken(world);
  team = await createResource(world, "team");
  await world.startOperator();
  open = clientWith(await tokenOf(world.client, chartAccount), "open");
  closed = clientWith(await tokenOf(world.client, release.account), "closed");
});
afterAll(async () => {
  open.close();
  closed.close();
  await world.dispose();
  await release.dispose();
});

describe("where the administrator does not allow to open networks", () => {
  test("a resource without a way in is served, with the rights and the policy of the chart", async () => {
    await untilSettled(world, "team");
    expect(await childNames(world, team)).toContain("services/team-mcp-server");
  });

  test.each([
    ["Ingress", nginx],
    ["HTTPRoute", route],
    ["LoadBalancer", balancer],
  ])("one that asks for mode %s is told so, and nothing is made of it", async (mode, exposure) => {
    const name = `asks-${mode.toLowerCase()}`;
    const owner = await createResource(world, name, { exposure });
    const stalled = await untilCondition(world, name, "Stalled", { status: "True", reason: "NotAllowed" });
    expect(conditionOf(stalled, "Stalled")?.message).toContain("does not allow exposure.mode");
    expect(await childNames(world, owner)).toEqual([]);
  });

  test.each([
    ["Ingress", /may write no Ingresses and HTTPRoutes/],
    ["LoadBalancer", /opens no Service to the outside/],
  ] as const)("the API server refuses the operator itself mode %s", async (mode, refusal) => {
    const { type, name } = waysIn[mode];
    await expect(applyAs(closed, team, waysIn[mode])).rejects.toThrow(refusal);
    expect(await exists(world, type, name)).toBe(false);
    // The same object, written by an operator that may.
    await applyAs(open, team, waysIn[mode]);
    await expect(applyAs(closed, team, waysIn[mode])).rejects.toThrow(refusal);
    await closed.delete(type, world.namespace, name);
    expect(await exists(world, type, name)).toBe(false);
  });

  test("a Service inside of the cluster is no way in", async () => {
    const inside = { ...waysIn.LoadBalancer, name: "team-more", spec: { ports: [{ port: 80 }] } };
    expect(await applyAs(closed, team, inside)).toBeDefined();
    await closed.delete(types.services, world.namespace, "team-more");
  });
});
