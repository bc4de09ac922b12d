import { expect, vi } from "vitest";
import type { Condition, DeploymentStatus } from "../../../../operator/api/status.ts";
import * as types from "../../../../operator/deployment/resource-types.ts";
import { isNotFound } from "../../../../operator/runtime/api-error.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { apiVersionOf, type ResourceType, resourcePath } from "../../../../operator/runtime/resource-type.ts";
import { describeRequest } from "./audit.ts";
import { minimalSpec, type World } from "./world.ts";

export type Resource = KubernetesObject & { spec: Record<string, unknown>; status?: DeploymentStatus };

/** Waits for the expectations in `check` to hold. */
export const eventually = <T>(check: () => Promise<T> | T, timeout = 60_000): Promise<T> =>
  vi.waitFor(check, { timeout, interval: 50 });

/**
 * How long the garbage collector may take, in ms: it pauses for half a minute and more while kinds are installed
 * and removed, as in the tests of the monitors.
 */
export const collectionTimeout = 120_000;

export const createToken = (world: World, data: Record<string, string> = { token: "123456789:AAExample" }) =>
  world.post(types.secrets, { metadata: { name: "telegram" }, stringData: data });

export const createResource = (world: World, name: string, spec: object = {}) =>
  world.post(types.cctelegramDeployments, {
    apiVersion: apiVersionOf(types.cctelegramDeployments),
    kind: "CCTelegramDeployment",
    metadata: { name },
    spec: { ...minimalSpec, ...spec },
  }) as Promise<Resource>;

export const readResource = (world: World, name: string) => world.get<Resource>(types.cctelegramDeployments, name);

export const changeSpec = (world: World, name: string, spec: object) =>
  world.patch(types.cctelegramDeployments, name, { spec });

export const conditionOf = (resource: Resource, type: string): Condition | undefined =>
  resource.status?.conditions?.find((condition) => condition.type === type);

/** Waits until a condition of the resource is as expected, for this generation of its spec. */
export const untilCondition = (
  world: World,
  name: string,
  type: string,
  wanted: Partial<Condition>,
  timeout?: number,
) =>
  eventually(async () => {
    const resource = await readResource(world, name);
    expect(conditionOf(resource, type)).toMatchObject({ observedGeneration: resource.metadata.generation, ...wanted });
    return resource;
  }, timeout);

export const untilReady = (world: World, name: string, timeout?: number) =>
  untilCondition(world, name, "Ready", { status: "True" }, timeout);

/** The objects of a type in the namespace that the resource controls, by name. */
async function ownedBy(world: World, owner: KubernetesObject, type: ResourceType): Promise<KubernetesObject[]> {
  const objects = await world.client.list(resourcePath(type, { namespace: world.namespace }));
  return objects.filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ uid, controller }) => uid === owner.metadata.uid && controller),
  );
}

/** "services/team-bridge" of every object that the resource controls, sorted. */
export async function childNames(world: World, owner: KubernetesObject): Promise<string[]> {
  const all = await Promise.all(
    types.childTypes.map(async (type) =>
      (await ownedBy(world, owner, type)).map(({ metadata }) => `${type.plural}/${metadata.name}`),
    ),
  );
  return all.flat().sort();
}

/** All of an object but its status, which Kubernetes' own controllers change when they come to it. */
const contentOf = ({ status: _status, metadata, ...rest }: KubernetesObject & { status?: object }) => {
  const { resourceVersion: _version, managedFields = [], ...others } = metadata;
  const owners = managedFields.filter(({ subresource }) => subresource !== "status");
  return JSON.stringify({ ...rest, metadata: { ...others, managedFields: owners } });
};

/** By "services/team-bridge" what differs after a write: the resource's resourceVersion, and the content of its children. */
export async function versions(world: World, name: string): Promise<Record<string, string | undefined>> {
  const resource = await readResource(world, name);
  const all = await Promise.all(
    types.childTypes.map(async (type) => ({ type, items: await ownedBy(world, resource, type) })),
  );
  return Object.fromEntries([
    ["the resource", resource.metadata.resourceVersion],
    ...all.flatMap(({ type, items }) =>
      items.map((object) => [`${type.plural}/${object.metadata.name}`, contentOf(object)]),
    ),
  ]);
}

export async function exists(world: World, type: ResourceType, name: string): Promise<boolean> {
  try {
    await world.get(type, name);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

type Workload = {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
};
type Container = { readonly env: readonly { readonly name: string; readonly value?: string }[] };

/** The variables of the pods that a Deployment or StatefulSet makes. */
export async function environmentOf(world: World, type: ResourceType, name: string) {
  const { containers } = (await world.get<Workload>(type, name)).spec.template.spec;
  return Object.fromEntries(containers.flatMap(({ env }) => env).map(({ name, value }) => [name, value]));
}

/** Waits for Ready and for every pod to be counted: after that the status does not change any more. */
export const untilSettled = (world: World, name: string, timeout?: number) =>
  eventually(async () => {
    const resource = await readResource(world, name);
    const observedGeneration = resource.metadata.generation;
    expect(conditionOf(resource, "Ready")).toMatchObject({ observedGeneration, status: "True" });
    expect(conditionOf(resource, "Progressing")).toMatchObject({ observedGeneration, status: "False" });
    // Counts of pods are written some seconds after the conditions.
    const allOfAll = expect.stringMatching(/^(\d+)\/\1$/);
    expect(resource.status).toMatchObject({ servers: allOfAll, bridge: allOfAll });
    return resource;
  }, timeout);

type CoreEvent = KubernetesObject & {
  readonly involvedObject: { readonly name: string };
  readonly type: string;
  readonly reason: string;
  readonly series?: object;
};

/** The events about the resource. */
export const eventsOf = async (world: World, name: string) =>
  (await world.client.list<CoreEvent>(resourcePath(types.events, { namespace: world.namespace }))).filter(
    ({ involvedObject }) => involvedObject.name === name,
  );

/** Waits for an event, which is written a moment after the status. */
export const untilAnnounced = (world: World, name: string, reason: string) =>
  eventually(async () => expect((await eventsOf(world, name)).map((event) => event.reason)).toContain(reason));

/** What the operator wrote since the audit was reset. */
export const writesOf = async (world: World) => (await world.audit.writes(world.userAgent)).map(describeRequest);

/** What another operator writes when it comes to every resource. The former one has ended: its last events are not counted. */
export async function writesOfAnotherOperator(world: World, resources?: number): Promise<string[]> {
  await world.stopOperator();
  await world.audit.reset();
  await world.restartOperator(resources);
  return writesOf(world);
}
