import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cachedResource } from "../../../operator/deployment/cache/cached-objects.ts";
import * as types from "../../../operator/deployment/resource-types.ts";
import { Volumes } from "../../../operator/deployment/volume/volumes.ts";
import { chartAccount, clientWith, tokenOf } from "./support/chart-account.ts";
import { type Claim, claimOf, Disks, sizeOf } from "./support/disks.ts";
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
let growing: Disks;
let fixed: Disks;

beforeAll(async () => {
  world = await World.create("volumes");
  growing = await Disks.create(world, "growing", true);
  fixed = await Disks.create(world, "fixed", false);
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterAll(async () => {
  await world.dispose();
  for (const disks of [growing, fixed]) await disks.remove();
});

/** A resource whose claim is bound. */
async function createStored(name: string, disks: Disks): Promise<void> {
  await disks.make(name);
  await createResource(world, name, { bridge: { storage: { storageClassName: disks.storageClassName } } });
  await eventually(async () => expect((await claimOf(world, name)).status.phase).toBe("Bound"));
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
    await eventually(async () => expect(await sizeOf(world, name)).toBe("2Gi"));
    await eventually(async () =>
      expect((await eventsOf(world, name)).map(({ reason }) => reason)).toContain("VolumeGrown"),
    );
    // Until its driver has grown it nothing more is asked, and nothing is wrong.
    await world.restartOperator();
    await untilCondition(world, name, "Degraded", { status: "False" });
    const growths = (await writesOf(world)).filter((write) => write.includes("persistentvolumeclaims"));
    expect(growths).toHaveLength(1);
    expect(await sizeOf(world, name)).toBe("2Gi");
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
    expect(await sizeOf(world, name)).toBe("1Gi");
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
    await eventually(async () => expect(await sizeOf(world, name)).toBe("3Gi"));
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
    storageClassName: growing.storageClassName,
  };
  const body = { metadata: { name: "data-of-others" }, spec };
  await world.client.request({ method: "POST", path, body });
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
