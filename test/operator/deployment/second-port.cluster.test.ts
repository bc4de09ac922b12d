import { afterAll, beforeAll, expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import {
  changeSpec,
  createResource,
  createToken,
  environmentOf,
  eventually,
  untilSettled,
  versions,
  writesOfAnotherOperator,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await World.create("second-port");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterAll(() => world.dispose());

type Service = { readonly spec: { readonly ports: readonly { readonly name: string; readonly port: number }[] } };
type Policy = {
  readonly spec: { readonly ingress: readonly { readonly ports: readonly { readonly port: number }[] }[] };
};
type Workload = {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly ports: readonly { readonly containerPort: number }[] }[];
      };
    };
  };
};

const name = "team-mcp-server";

/** The port as each object tells it. */
async function told() {
  const service = await world.get<Service>(types.services, name);
  const policy = await world.get<Policy>(types.networkPolicies, name);
  const pods = await world.get<Workload>(types.deployments, name);
  return {
    service: service.spec.ports.map(({ port }) => port),
    policy: policy.spec.ingress.flatMap(({ ports }) => ports.map(({ port }) => port)),
    pods: pods.spec.template.spec.containers.flatMap(({ ports }) => ports.map(({ containerPort }) => containerPort)),
    variable: (await environmentOf(world, types.deployments, name)).MCP_SECOND_PORT,
  };
}

const without = { service: [8080, 9090], policy: [8080, 9090], pods: [8080, 9090], variable: undefined };

test("a second port comes, moves and goes with the field, and the resource rests", async () => {
  await createResource(world, "team", { server: { secondPort: 3000 } });
  await untilSettled(world, "team");
  const withPort = (port: number) => ({
    ...{ service: [8080, 9090, port], policy: [8080, 9090, port], pods: [8080, 9090, port] },
    variable: `${port}`,
  });
  expect(await told()).toEqual(withPort(3000));

  await changeSpec(world, "team", { server: { secondPort: 3001 } });
  await eventually(async () => expect(await told()).toEqual(withPort(3001)));
  await untilSettled(world, "team");
  const before = await versions(world, "team");
  expect(await writesOfAnotherOperator(world)).toEqual([]);
  expect(await versions(world, "team")).toEqual(before);

  await changeSpec(world, "team", { server: { secondPort: null } });
  await eventually(async () => expect(await told()).toEqual(without));
});
