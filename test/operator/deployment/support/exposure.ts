import { expect, inject } from "vitest";
import { program } from "../../../../e2e/cluster/programs.ts";
import { run } from "../../../../machine/command.mjs";
import type { ExposureTarget } from "../../../../operator/deployment/exposure/probe.ts";
import * as types from "../../../../operator/deployment/resource-types.ts";
import type { ResourceType } from "../../../../operator/runtime/resource-type.ts";
import { createToken, eventually, untilCondition, untilSettled, versions, writesOf } from "./steps.ts";
import { World } from "./world.ts";

export const from = [{ namespaceSelector: { matchLabels: { name: "proxies" } } }];
export const nginx = { mode: "Ingress", host: "mcp.example.com", ingressClassName: "nginx" };
export const otherClass = { mode: "Ingress", host: "mcp.example.com", ingressClassName: "traefik", from };
export const route = { mode: "HTTPRoute", host: "mcp.example.com", parentRefs: [{ name: "web" }], from };
export const balancer = { mode: "LoadBalancer", loadBalancerSourceRanges: ["203.0.113.0/24"] };

export type Exposed = {
  readonly world: World;
  /** What was looked at from outside, in order. */
  readonly targets: ExposureTarget[];
};

/** A world whose operator finds an answer at every public address. */
export async function exposedWorld(prefix: string): Promise<Exposed> {
  const world = await World.create(prefix);
  const targets: ExposureTarget[] = [];
  world.lookFromOutside = async (target) => {
    targets.push(target);
    return { answered: true };
  };
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
  return { world, targets };
}

export const kubectl = async (args: readonly string[], input?: string) =>
  run(await program("kubectl"), ["--kubeconfig", inject("kubeconfig"), ...args], input === undefined ? {} : { input });

/** What a controller writes. */
export const said = (world: World, type: ResourceType, name: string, status: object) =>
  world.patch(type, name, { status }, "status");

export const addressed = (ip: string) => ({ loadBalancer: { ingress: [{ ip }] } });

/** The URL that a client is given, alone and in mcp.json. */
export async function connectionUrl(world: World, name: string) {
  const { data } = await world.get<{ data: Record<string, string> }>(types.secrets, `${name}-connection-claude`);
  const text = (key: string) => Buffer.from(data[key] ?? "", "base64").toString();
  return [text("url"), JSON.parse(text("mcp.json")).mcpServers.cctelegram.url];
}

/** Nothing is written while nothing changes, not even by a new operator, which finds the way in as it was. */
export async function expectRest({ world, targets }: Exposed, name: string): Promise<void> {
  await untilSettled(world, name);
  await untilCondition(world, name, "Exposed", { status: "True" });
  const before = await versions(world, name);
  await world.stopOperator();
  await world.audit.reset();
  targets.length = 0;
  await world.restartOperator();
  await eventually(() => expect(targets.map((target) => target.name)).toContain(name));
  expect((await writesOf(world)).filter((write) => !write.includes(" events "))).toEqual([]);
  expect(await versions(world, name)).toEqual(before);
}
