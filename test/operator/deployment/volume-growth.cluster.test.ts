import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cachedResource } from "../../../operator/deployment/cache/cached-objects.ts";
import * as types from "../../../operator/deployment/resource-types.ts";
import { Volumes } from "../../../operator/deployment/volume/volumes.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { chartAccount, clientWith, tokenOf } from "./support/chart-account.ts";
import {
  changeSpec,
  conditionOf,
  createResource,
  createToken,
  eventsOf,
  eventually,
  readResource,
  untilCondition,
  untilReady,
  untilSettled,
  writesOf,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

const Gi = 2 ** 30;

let world: World;
/** Of this run alone: classes and volumes belong to the whole cluster. */
let growing: string;
let fixed: string;
const volumes: string[] = [];

beforeAll(async () => {
  world = await World.create("volumes");
  growing = `${world.namespace}-growing`;
  fixed = `${world.namespace}-fixed`;
  for (const [name, allowVolumeExpansion] of [
    [growing, true],
    [fixed, false],
  ] as const) {
    await post("/apis/storage.k8s.io/v1/storageclasses", {
      metadata: { name },
      provisioner: "example.com/disks",
      allowVolumeExpansion,
    });
  }
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterAll(async () => {
  await world.dispose();
  for (const name of [growing, fixed]) await remove(`/apis/storage.k8s.io/v1/storageclasses/${name}`);
  for (const name of volumes) await remove(`/api/v1/persistentvolumes/${name}`);
});

const post = (path: string, body: object) => world.client.request({ method: "POST", path, body });
const remove = (path: string) => world.client.request({ method: "DELETE", path });

type Claim = KubernetesObject & {
  readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } };
  readonly status: { readonly phase: string };
};

const claimOf = (name: string) => world.get<Claim>(types.persistentVolumeClaims, `queue-${name}-bridge-0`);
const sizeOf = async (name: string) => (await claimOf(name)).spec.resources.requests.storage;

/** A resource whose volume a provisioner has made: its claim is bound. */
async function createStored(name: string, storageClassName: string, storage: object = {}): Promise<void> {
  await createResource(world, name, { bridge: { storage: { storageClassName, ...storage } } });
  const claim = await eventually(() => claimOf(name));
  const volume = `${world.namespace}-${name}`;
  volumes.push(volume);
  await post("/api/v1/persistentvolumes", {
    metadata: { name: volume },
    spec: {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Retain",
      storageClassName,
      claimRef: { namespace: world.namespace, name: claim.metadata.name, uid: claim.metadata.uid },
      hostPath: { path: "/nowhere" },
    },
  });
  await eventually(async () => expect((await claimOf(name)).status.phase).toBe("Bound"));
  await untilReady(world, name);
}

/** What every bridge tells from now on; the operator hears it with its next look. */
function fill(free: number): void {
  world.answers.volume = { size_bytes: Gi, free_bytes: free * Gi };
}

describe("a volume that is nearly full", () => {
  test("is grown by half where its class can; its pod and its StatefulSet stay as they are", async () => {
    const name = "grown";
    await createStored(name, growing);
    await untilSettled(world, name);
    const before = await world.get(types.statefulSets, `${name}-bridge`);
    await world.audit.reset();
    fill(0.1);
    await world.restartOperator();
    await eventually(async () => expect(await sizeOf(name)).toBe("2Gi"));
    await eventually(async () =>
      expect((await eventsOf(world, name)).map(({ reason }) => reason)).toContain("VolumeGrown"),
    );
    // Until its driver has grown it nothing more is asked, and nothing is wrong.
    await world.restartOperator();
    await untilCondition(world, name, "Degraded", { status: "False" });
    const growths = (await writesOf(world)).filter((write) => write.includes("persistentvolumeclaims"));
    expect(growths).toHaveLength(1);
    expect(await sizeOf(name)).toBe("2Gi");
    const after = await world.get(types.statefulSets, `${name}-bridge`);
    expect(after.metadata.generation).toBe(before.metadata.generation);
  });

  test("is a problem that says what to do where its class cannot, and no reason against Ready", async () => {
    const name = "stuck";
    fill(0.9);
    await createStored(name, fixed);
    fill(0.1);
    await world.restartOperator();
    const told = await untilCondition(world, name, "Degraded", { status: "True", reason: "VolumeNearlyFull" });
    expect(conditionOf(told, "Degraded")?.message).toBe(
      "the volume of the queue is nearly full, or will be within days, and then no message is taken: its class cannot grow volumes: set allowVolumeExpansion in the StorageClass if its driver can, or make a new volume (docs/scaling.md)",
    );
    expect(conditionOf(told, "Ready")).toMatchObject({ status: "True" });
    expect(await sizeOf(name)).toBe("1Gi");
    // With room again it is over.
    fill(0.9);
    await world.restartOperator();
    await untilCondition(world, name, "Degraded", { status: "False" });
  });
});

describe("the size in the spec", () => {
  test("may be raised, which grows the claim and leaves the template as it is", async () => {
    const name = "raised";
    fill(0.9);
    await createStored(name, growing);
    await changeSpec(world, name, { bridge: { storage: { size: "3Gi" } } });
    await eventually(async () => expect(await sizeOf(name)).toBe("3Gi"));
    await untilReady(world, name);
    const set = await world.get<{ spec: { volumeClaimTemplates: Claim[] } }>(types.statefulSets, `${name}-bridge`);
    expect(set.spec.volumeClaimTemplates[0]?.spec.resources.requests.storage).toBe("1Gi");
  });

  test("that its class cannot give is said", async () => {
    const name = "asked";
    await createStored(name, fixed);
    await changeSpec(world, name, { bridge: { storage: { size: "3Gi" } } });
    const told = await untilCondition(world, name, "Degraded", { status: "True", reason: "VolumeNotGrown" });
    expect(conditionOf(told, "Degraded")?.message).toMatch(/stays smaller than asked: its class cannot grow volumes/);
  });

  test("cannot be lowered, and maxSize not be below it", async () => {
    await expect(changeSpec(world, "raised", { bridge: { storage: { size: "2Gi" } } })).rejects.toThrow(
      /size cannot be lowered: no volume shrinks/,
    );
    await expect(changeSpec(world, "raised", { bridge: { storage: { growth: { maxSize: "2Gi" } } } })).rejects.toThrow(
      /growth.maxSize must not be smaller than size/,
    );
  });
});

test("the operator changes no other claim, and nothing but the size", async () => {
  const operator = clientWith(await tokenOf(world.client, chartAccount), "test");
  const path = `/api/v1/namespaces/${world.namespace}/persistentvolumeclaims`;
  const spec = {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: "1Gi" } },
    storageClassName: growing,
  };
  await post(path, { metadata: { name: "data-of-others" }, spec });
  const contentType = "application/merge-patch+json";
  const patch = (name: string, body: object) =>
    operator.request({ method: "PATCH", path: `${path}/${name}`, contentType, body });
  const labelled = { metadata: { labels: { taken: "yes" } } };
  await expect(patch("data-of-others", labelled)).rejects.toThrow(/nothing of a PersistentVolumeClaim but the size/);
  await expect(patch("queue-raised-bridge-0", labelled)).rejects.toThrow(/nothing of a PersistentVolumeClaim/);
  operator.close();
});

test("an operator whose role is older, and has no right to claims, says so", async () => {
  const name = "default";
  const other = clientWith(await tokenOf(world.client, { namespace: world.namespace, name }), "test");
  const older = new Volumes({ client: other, recorder: { record: () => {} }, now: Date.now });
  const resource = cachedResource(await readResource(world, "raised"));
  const use = { sizeBytes: Gi, freeBytes: 0 };
  const { trouble, failures } = await older.look(resource, { templateSize: "1Gi", use, mayWrite: true });
  other.close();
  expect(trouble?.cause).toMatch(/its role lacks get and patch of persistentvolumeclaims/);
  expect(failures).toEqual([]);
});
