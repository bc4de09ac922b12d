import { afterAll, beforeAll, expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { ResourceType } from "../../../operator/runtime/resource-type.ts";
import {
  changeSpec,
  conditionOf,
  createResource,
  createToken,
  environmentOf,
  eventually,
  exists,
  untilCondition,
  untilSettled,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await World.create("monitor");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterAll(async () => {
  for (const type of [types.serviceMonitors, types.prometheusRules]) await uninstall(type);
  await world.dispose();
});

const crdName = (type: ResourceType) => `${type.plural}.${type.group}`;

/** A CRD as the Prometheus operator brings it, without its schema. */
const install = ({ group, version, plural, kind }: ResourceType) =>
  world.post(types.customResourceDefinitions, {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        },
      ],
    },
  });

const uninstall = (type: ResourceType) => world.client.delete(types.customResourceDefinitions, "", crdName(type));

const spec = { monitoring: { labels: { release: "prometheus" } } };

test("without the CRDs of the Prometheus operator a resource is Ready", async () => {
  await createResource(world, "team", spec);
  await untilSettled(world, "team");
});

test("monitor and rules are made when their CRDs arrive later", async () => {
  for (const type of [types.serviceMonitors, types.prometheusRules]) await install(type);
  await eventually(async () => {
    const monitor = await world.get(types.serviceMonitors, "team");
    expect(monitor.metadata.labels).toMatchObject({ release: "prometheus" });
    expect((await world.get(types.prometheusRules, "team-alerts")).spec).toHaveProperty("groups");
  });
});

test("a resource that comes after the CRDs has them from the start, and they cause no write later", async () => {
  await createResource(world, "late", spec);
  await untilSettled(world, "late");
  const { metadata } = await world.get(types.serviceMonitors, "late");
  await world.restartOperator(2);
  expect((await world.get(types.serviceMonitors, "late")).metadata.resourceVersion).toBe(metadata.resourceVersion);
});

test("a monitor and rules of somebody else that have these names are left alone", async () => {
  const foreign = [
    { type: types.serviceMonitors, name: "taken" },
    { type: types.prometheusRules, name: "taken-alerts" },
  ];
  for (const { type, name } of foreign) {
    const apiVersion = `${type.group}/${type.version}`;
    await world.post(type, { apiVersion, kind: type.kind, metadata: { name }, spec: { theirs: true } });
  }
  await createResource(world, "taken", spec);
  const refused = await untilCondition(world, "taken", "Degraded", { status: "True", reason: "ChildRefused" });
  for (const { type, name } of foreign) {
    expect(conditionOf(refused, "Degraded")?.message).toContain(`${type.kind} ${world.namespace}/${name} exists`);
    expect((await world.get(type, name)).spec).toEqual({ theirs: true });
  }
  await world.delete(types.cctelegramDeployments, "taken");
});

test("switched off, they are deleted", async () => {
  await changeSpec(world, "team", { monitoring: { serviceMonitor: "Disabled" } });
  await eventually(async () => expect(await exists(world, types.serviceMonitors, "team")).toBe(false));
  expect(await exists(world, types.prometheusRules, "team-alerts")).toBe(true);
  await changeSpec(world, "team", { monitoring: { prometheusRule: "Disabled" } });
  await eventually(async () => expect(await exists(world, types.prometheusRules, "team-alerts")).toBe(false));
});

test("a CRD that goes away takes nothing else along", async () => {
  await uninstall(types.serviceMonitors);
  await changeSpec(world, "late", { server: { logLevel: "debug" } });
  await eventually(async () => {
    expect(await environmentOf(world, types.deployments, "late-mcp-server")).toMatchObject({ LOG_LEVEL: "debug" });
  });
  await untilSettled(world, "late");
});
