import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import {
  changeSpec,
  createResource,
  createToken,
  environmentOf,
  eventually,
  exists,
  readResource,
  untilReady,
  untilSettled,
  versions,
  writesOfAnotherOperator,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await World.create("foreign");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterAll(() => world.dispose());

const clients = { auth: { clients: [{ name: "claude", permissions: ["*"] }] } };
const server = "-mcp-server";

type Deployment = { spec: { replicas: number; template: { metadata: object; spec: { containers: object[] } } } };

type Scale = { status: { selector: string } };

const deploymentOf = (name: string) => world.get<Deployment>(types.deployments, name + server);

/** What `kubectl scale deployment` does. */
const scaleDeployment = (name: string, replicas: number) =>
  world.patch(types.deployments, name + server, { spec: { replicas } }, "scale");

/** A later apply of the Deployment, which must keep what others own of it. */
async function changeLogLevel(name: string): Promise<void> {
  const { resourceVersion } = (await world.get(types.deployments, name + server)).metadata;
  await changeSpec(world, name, { server: { podTemplate: { labels: { "example.io/later": "yes" } } } });
  await eventually(async () => {
    const { spec, metadata } = await world.get<Deployment & { metadata: object }>(types.deployments, name + server);
    expect(metadata).not.toMatchObject({ resourceVersion });
    expect(spec.template.metadata).toMatchObject({ labels: { "example.io/later": "yes" } });
  });
}

test("a rollout restart, a foreign variable and a sidecar stay, and cause no write", async () => {
  const name = "team";
  await createResource(world, name);
  await untilSettled(world, name);
  const restart = { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" } } };
  await world.patch(types.deployments, name + server, { spec: { template: restart } });
  const sidecar = { name: "proxy", image: "docker.io/example/proxy:1" };
  const variable = { name: "HTTPS_PROXY", value: "http://proxy:3128" };
  await world.client.request({
    method: "PATCH",
    path: `/apis/apps/v1/namespaces/${world.namespace}/deployments/${name}${server}`,
    query: { fieldManager: "injector" },
    contentType: "application/strategic-merge-patch+json",
    body: { spec: { template: { spec: { containers: [{ name: "mcp-server", env: [variable] }, sidecar] } } } },
  });
  expect((await writesOfAnotherOperator(world)).filter((write) => write.startsWith("patch deployments "))).toEqual([]);

  await changeLogLevel(name);
  const { template } = (await deploymentOf(name)).spec;
  expect(template.metadata).toMatchObject(restart.metadata);
  expect(template.spec.containers).toEqual([
    expect.objectContaining({ env: expect.arrayContaining([expect.objectContaining(variable)]) }),
    expect.objectContaining(sidecar),
  ]);
});

describe("replicas", () => {
  test("are the autoscaler's while there is one: kubectl scale is left alone, also by later changes", async () => {
    const name = "scaled";
    await createResource(world, name, { profile: "Production", server: { ...clients } });
    await untilReady(world, name);
    expect((await deploymentOf(name)).spec.replicas).toBe(3);
    await scaleDeployment(name, 5);
    await untilReady(world, name);
    await world.restartOperator(2);
    expect((await deploymentOf(name)).spec.replicas).toBe(5);
    await changeLogLevel(name);
    await untilReady(world, name);
    expect((await deploymentOf(name)).spec.replicas).toBe(5);
  });

  test("are ours without an autoscaler", async () => {
    const name = "fixed";
    await createResource(world, name, { server: { ...clients, replicas: 2 } });
    await untilReady(world, name);
    await scaleDeployment(name, 4);
    await eventually(async () => expect((await deploymentOf(name)).spec.replicas).toBe(2));
  });

  test("go to the autoscaler when it is switched on, and come back when it is switched off", async () => {
    const name = "switched";
    await createResource(world, name, { server: { ...clients, replicas: 2 } });
    await untilReady(world, name);
    expect(await exists(world, types.horizontalPodAutoscalers, name + server)).toBe(false);

    await changeSpec(world, name, { server: { autoscaling: { mode: "Enabled" } } });
    await eventually(async () => {
      const { spec } = await world.get(types.horizontalPodAutoscalers, name + server);
      expect(spec).toMatchObject({ minReplicas: 2, maxReplicas: 3 });
    });
    await scaleDeployment(name, 3);
    await untilReady(world, name);
    expect((await deploymentOf(name)).spec.replicas).toBe(3);

    await changeSpec(world, name, { server: { autoscaling: { mode: "Disabled" } } });
    await eventually(async () => {
      expect(await exists(world, types.horizontalPodAutoscalers, name + server)).toBe(false);
      expect((await deploymentOf(name)).spec.replicas).toBe(2);
    });
  });

  test("follow kubectl scale of the resource itself", async () => {
    const name = "subresource";
    await createResource(world, name);
    await untilReady(world, name);
    await world.patch(types.cctelegramDeployments, name, { spec: { replicas: 3 } }, "scale");
    await eventually(async () => expect((await deploymentOf(name)).spec.replicas).toBe(3));
    const scale = await eventually(async () => {
      const path = `/apis/cctelegram.io/v1alpha1/namespaces/${world.namespace}/cctelegramdeployments/${name}/scale`;
      const scale = await world.client.get<Scale>(path);
      expect(scale).toMatchObject({ spec: { replicas: 3 }, status: { replicas: 3 } });
      return scale;
    });
    const labelSelector = scale.status.selector;
    const pods = await world.client.list(`/api/v1/namespaces/${world.namespace}/pods`, { labelSelector });
    expect(pods).toHaveLength(3);
  });
});

describe("a change of the spec", () => {
  test("reaches every child that it concerns, and no other", async () => {
    const name = "changed";
    await createResource(world, name);
    await untilSettled(world, name);
    const before = await versions(world, name);
    await changeSpec(world, name, { server: { rateLimit: { requests: 7 } } });
    await eventually(async () => {
      const environment = await environmentOf(world, types.deployments, name + server);
      expect(environment).toMatchObject({ MCP_RATE_LIMIT_REQUESTS: "7" });
    });
    await untilSettled(world, name);
    const after = await versions(world, name);
    const changed = Object.keys(after).filter((child) => after[child] !== before[child]);
    expect(changed).toEqual(["the resource", `deployments/${name}${server}`]);
  });

  test("that takes a client away deletes its Secret and its key", async () => {
    const name = "clients";
    const both = [{ name: "claude", permissions: ["*"] }, { name: "cursor" }];
    await createResource(world, name, { server: { auth: { clients: both } } });
    await untilSettled(world, name);
    expect(await exists(world, types.secrets, `${name}-connection-cursor`)).toBe(true);
    await changeSpec(world, name, { server: { auth: { clients: both.slice(0, 1) } } });
    await eventually(async () => {
      expect(await exists(world, types.secrets, `${name}-connection-cursor`)).toBe(false);
      const { data } = await world.get<{ data: Record<string, string> }>(types.secrets, `${name}-api-keys`);
      const keys = JSON.parse(Buffer.from(data["api-keys.json"]!, "base64").toString()) as Record<string, object>;
      expect(Object.values(keys).map((key) => (key as { name: string }).name)).toEqual([
        "claude",
        "cctelegram-operator",
      ]);
    });
    expect(await exists(world, types.secrets, `${name}-connection-claude`)).toBe(true);
    await eventually(async () => {
      expect((await readResource(world, name)).status?.clients).toEqual([
        { name: "claude", secretName: `${name}-connection-claude` },
      ]);
    });
  });

  test("that switches network policies off deletes them", async () => {
    const name = "open";
    await createResource(world, name);
    await untilSettled(world, name);
    await changeSpec(world, name, { networkPolicy: { mode: "Disabled" } });
    await eventually(async () => {
      expect(await exists(world, types.networkPolicies, `${name}-bridge`)).toBe(false);
      expect(await exists(world, types.networkPolicies, name + server)).toBe(false);
    });
  });
});

describe("another manager", () => {
  const name = "shared";
  const labelsOf = async () =>
    (await world.get<{ metadata: { labels: Record<string, string> } }>(types.deployments, name + server)).metadata
      .labels;

  test("that applies a label and an annotation of its own to the bridge and its pods keeps them, and causes no write", async () => {
    await createResource(world, name);
    await untilSettled(world, name);
    const restart = { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" } } };
    await world.patch(types.statefulSets, `${name}-bridge`, {
      metadata: { labels: { "example.com/team": "blue" } },
      spec: { template: restart },
    });
    await untilSettled(world, name);
    const writes = await writesOfAnotherOperator(world, 2);
    expect(writes.filter((write) => write.includes(`${name}-bridge`))).toEqual([]);
    const bridge = await world.get<Deployment & { metadata: object }>(types.statefulSets, `${name}-bridge`);
    expect(bridge.metadata).toMatchObject({ labels: { "example.com/team": "blue" } });
    expect(bridge.spec.template.metadata).toMatchObject(restart.metadata);
  });

  test("that takes fields of the operator by force loses them again, once, and keeps what is its own", async () => {
    await world.client.apply(
      types.deployments,
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: {
          name: name + server,
          namespace: world.namespace,
          labels: { "app.kubernetes.io/managed-by": "somebody-else", "example.com/team": "red" },
        },
        spec: { revisionHistoryLimit: 1, minReadySeconds: 1 },
      },
      { fieldManager: "another-tool" },
    );
    await eventually(async () => {
      const { spec } = await world.get<{ spec: object }>(types.deployments, name + server);
      expect(spec).toMatchObject({ revisionHistoryLimit: 5, minReadySeconds: 1 });
      expect(await labelsOf()).toMatchObject({
        "app.kubernetes.io/managed-by": "cctelegram-operator",
        "example.com/team": "red",
      });
    });
    await untilReady(world, name);
    const writes = await writesOfAnotherOperator(world, 2);
    expect(writes.filter((write) => write.includes(name + server))).toEqual([]);
  });
});
