import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canonicalJson } from "../../../operator/runtime/canonical-json.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { desiredFields, desiredFingerprint, fingerprint, ownedFields } from "../../../operator/runtime/owned-fields.ts";
import { resourcePath } from "../../../operator/runtime/resource-type.ts";
import { type TestNamespace, testNamespace } from "./api-server.ts";
import { type SampleName, sample, sampleNames, types } from "./samples.ts";

const fieldManager = "owner";
let world: TestNamespace;

beforeAll(async () => {
  world = await testNamespace("owned-fields");
});
afterAll(() => world.dispose());

const apply = (kind: SampleName, object: KubernetesObject, manager = fieldManager) =>
  world.client.apply(types[kind], object, { fieldManager: manager });

const isAsDesired = (live: KubernetesObject, desired: KubernetesObject) =>
  fingerprint(ownedFields(live, fieldManager)) === desiredFingerprint(desired);

describe.each(sampleNames)("%s", (kind) => {
  test("an applied object is as desired, in the answer, in a read and in a list", async () => {
    const desired = sample(kind, world.namespace, "same");
    const answer = await apply(kind, desired);
    expect(canonicalJson(ownedFields(answer, fieldManager))).toBe(canonicalJson(desiredFields(desired)));
    const read = await world.client.get(resourcePath(types[kind], { namespace: world.namespace, name: "same" }));
    expect(isAsDesired(read, desired)).toBe(true);
    const listed = await world.client.list(resourcePath(types[kind], { namespace: world.namespace }));
    expect(isAsDesired(listed.find((item) => item.metadata.name === "same")!, desired)).toBe(true);
  });

  test("a foreign annotation and label leave it as desired", async () => {
    const desired = sample(kind, world.namespace, "foreign");
    await apply(kind, desired);
    const path = resourcePath(types[kind], { namespace: world.namespace, name: "foreign" });
    const live = await world.client.request({
      method: "PATCH",
      path,
      contentType: "application/merge-patch+json",
      body: { metadata: { annotations: { "foreign.io/a": "1" }, labels: { "foreign.io/b": "2" } } },
    });
    expect(live.metadata.annotations).toHaveProperty(["foreign.io/a"], "1");
    expect(isAsDesired(live, desired)).toBe(true);
  });

  test("our label changed or removed by another is noticed", async () => {
    const desired = sample(kind, world.namespace, "stolen");
    await apply(kind, desired);
    const path = resourcePath(types[kind], { namespace: world.namespace, name: "stolen" });
    for (const value of ["other", null]) {
      const live = await world.client.request({
        method: "PATCH",
        path,
        contentType: "application/merge-patch+json",
        body: { metadata: { labels: { "app.kubernetes.io/name": value } } },
      });
      expect(isAsDesired(live, desired)).toBe(false);
      expect(isAsDesired(await apply(kind, desired), desired)).toBe(true);
    }
  });

  test("applying again changes nothing on the server either", async () => {
    const desired = sample(kind, world.namespace, "again");
    const unchanged = async () => {
      const [first, second] = [await apply(kind, desired), await apply(kind, desired)];
      return second.metadata.resourceVersion === first.metadata.resourceVersion;
    };
    // A controller may write a first status in between; an apply that changed something would do so every time.
    await expect.poll(unchanged).toBe(true);
  });
});

type Pod = {
  containers: { name: string; image: string; args: string[]; env: { name: string; value?: string }[] }[];
  initContainers: { name: string; image: string }[];
  volumes: { name: string }[];
};
const podOf = (object: KubernetesObject) => (object.spec as { template: { spec: Pod } }).template.spec;

describe("lists", () => {
  test("an injected sidecar, variable and volume leave a Deployment as desired", async () => {
    const desired = sample("deployment", world.namespace, "injected");
    await apply("deployment", desired);
    const injected = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "injected", namespace: world.namespace },
      spec: {
        template: {
          spec: {
            containers: [
              { name: "server", env: [{ name: "INJECTED", value: "1" }] },
              { name: "sidecar", image: "sidecar:1" },
            ],
            volumes: [{ name: "injected", emptyDir: {} }],
          },
        },
      },
    };
    const live = await apply("deployment", injected, "injector");
    expect(podOf(live).containers.map(({ name }) => name)).toContain("sidecar");
    expect(podOf(live).containers[0]?.env.map(({ name }) => name)).toContain("INJECTED");
    expect(isAsDesired(live, desired)).toBe(true);
  });

  test("with foreign items between them, a new order of ours is written and then as desired", async () => {
    const desired = sample("deployment", world.namespace, "ordered");
    await apply("deployment", desired);
    const foreign = sample("deployment", world.namespace, "ordered");
    podOf(foreign).initContainers = [{ name: "middle", image: "middle:1" }];
    podOf(foreign).containers = [{ name: "server", image: "docker.io/library/sample:1" } as Pod["containers"][number]];
    await apply("deployment", foreign, "injector");
    const reordered = sample("deployment", world.namespace, "ordered");
    podOf(reordered).initContainers.reverse();
    podOf(reordered).containers[0]!.env.reverse();
    const before = await world.client.get(
      resourcePath(types.deployment, { namespace: world.namespace, name: "ordered" }),
    );
    expect(isAsDesired(before, reordered)).toBe(false);
    const after = await apply("deployment", reordered);
    expect(podOf(after).initContainers.map(({ name }) => name)).toContain("middle");
    expect(isAsDesired(after, reordered)).toBe(true);
  });

  test("items put into another order by hand are noticed, and apply restores the order", async () => {
    const desired = sample("deployment", world.namespace, "shuffled");
    const live = await apply("deployment", desired);
    podOf(live).initContainers.reverse();
    const path = resourcePath(types.deployment, { namespace: world.namespace, name: "shuffled" });
    // Without its version: the Deployment controller writes the status meanwhile.
    const { resourceVersion: _, ...metadata } = live.metadata;
    const shuffled = await world.client.request({ method: "PUT", path, body: { ...live, metadata } });
    expect(isAsDesired(shuffled, desired)).toBe(false);
    expect(isAsDesired(await apply("deployment", desired), desired)).toBe(true);
  });

  test("an argument more, less or elsewhere is noticed", async () => {
    const desired = sample("deployment", world.namespace, "arguments");
    const live = await apply("deployment", desired);
    for (const args of [["serve", "serve", "--verbose"], ["serve"], ["serve", "--verbose", "serve", "x"]]) {
      const other = sample("deployment", world.namespace, "arguments");
      podOf(other).containers[0]!.args = args;
      expect(isAsDesired(live, other)).toBe(false);
    }
  });

  test("a container that is no longer desired is noticed and removed", async () => {
    const desired = sample("deployment", world.namespace, "fewer");
    const live = await apply("deployment", desired);
    podOf(desired).initContainers.pop();
    expect(isAsDesired(live, desired)).toBe(false);
    const after = await apply("deployment", desired);
    expect(podOf(after).initContainers.map(({ name }) => name)).toEqual(["zeta"]);
    expect(isAsDesired(after, desired)).toBe(true);
  });
});

describe("ownership", () => {
  test("owner references are compared, foreign ones not", async () => {
    const owner = await apply("configMap", sample("configMap", world.namespace, "owner"));
    const reference = (name: string, uid: string) => ({ apiVersion: "v1", kind: "ConfigMap", name, uid });
    const ours = { ...reference("owner", owner.metadata.uid!), controller: true, blockOwnerDeletion: true };
    const desired = sample("configMap", world.namespace, "owned");
    desired.metadata.ownerReferences = [ours];
    expect(isAsDesired(await apply("configMap", desired), desired)).toBe(true);
    const other = sample("configMap", world.namespace, "owned");
    other.metadata.ownerReferences = [reference("else", "00000000-0000-0000-0000-000000000001")];
    other.metadata.finalizers = ["foreign.io/finalizer"];
    const live = await apply("configMap", other, "else");
    expect(live.metadata.ownerReferences).toHaveLength(2);
    expect(isAsDesired(live, desired)).toBe(true);
    await apply("configMap", sample("configMap", world.namespace, "owned"), "else");
  });

  test("a status applied through its subresource does not count", async () => {
    const desired = sample("deployment", world.namespace, "status");
    await apply("deployment", desired);
    const status = {
      ...desired,
      spec: undefined,
      status: {
        observedGeneration: 1,
        conditions: [
          { type: "Sampled", status: "True", reason: "Test", message: "m", lastTransitionTime: "2026-01-01T00:00:00Z" },
        ],
      },
    };
    const live = await world.client.apply(types.deployment, status, { fieldManager, subresource: "status" });
    expect(isAsDesired(live, desired)).toBe(true);
  });
});
