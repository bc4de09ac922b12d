import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Applier, type ApplierOptions } from "../../../operator/runtime/applier.ts";
import type { Client } from "../../../operator/runtime/client.ts";
import { controllerOf, type KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { withoutLeftOvers } from "../../../operator/runtime/left-over-fields.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { owned } from "../../../operator/runtime/owned-fields.ts";
import { NotOwnedError } from "../../../operator/runtime/ownership.ts";
import { type ResourceType, resourcePath } from "../../../operator/runtime/resource-type.ts";
import { type TestNamespace, testNamespace } from "./api-server.ts";
import { recordingLogger } from "./recording-logger.ts";
import { sample, sampleNames, types } from "./samples.ts";

const fieldManager = "applier-test";
const adoptionAnnotation = "example.io/adopt";
const managedLabel = { "example.io/managed": "yes" };
let world: TestNamespace;
let applier: Applier;

beforeAll(async () => {
  world = await testNamespace("applier");
});
afterAll(() => world.dispose());
beforeEach(() => {
  applier = makeApplier(world.client);
});

const makeApplier = (client: Client, options: Partial<ApplierOptions> = {}) =>
  new Applier({
    client,
    fieldManager,
    adoptionAnnotation,
    managedLabel,
    logger: recordingLogger(),
    metrics: createMetrics(),
    ...options,
  });

const read = (type: ResourceType, name: string) =>
  world.client.get(resourcePath(type, { namespace: world.namespace, name }));

/** What a cache would contain. */
const liveOf = (object: KubernetesObject) => ({
  ...owned(object, fieldManager),
  uid: object.metadata.uid!,
  controllerUid: controllerOf(object)?.uid ?? "",
});

/** What somebody wrote, without what the server counts and keeps. */
const contentOf = ({ metadata, ...content }: KubernetesObject) => ({
  ...content,
  metadata: { labels: metadata.labels, annotations: metadata.annotations, ownerReferences: metadata.ownerReferences },
});

/** Methods of a class are not copied by a spread. */
const delegate = (client: Client): Client => ({
  get: client.get.bind(client),
  list: client.list.bind(client),
  request: client.request.bind(client),
  watch: client.watch.bind(client),
  create: client.create.bind(client),
  apply: client.apply.bind(client),
  delete: client.delete.bind(client),
});

const patch = (type: ResourceType, name: string, body: object) =>
  world.client.request({
    method: "PATCH",
    path: resourcePath(type, { namespace: world.namespace, name }),
    contentType: "application/merge-patch+json",
    body,
  });

test.each(sampleNames)("a %s is written once, also by a later process", async (kind) => {
  const desired = sample(kind, world.namespace, "once");
  const first = await applier.apply(types[kind], desired, undefined);
  expect(first.written).toBe(true);
  const live = await read(types[kind], "once");
  expect(await applier.apply(types[kind], desired, liveOf(live))).toEqual({ written: false });
  expect(await makeApplier(world.client).apply(types[kind], desired, liveOf(live))).toEqual({ written: false });
  // Not the resourceVersion: a controller may have written a status meanwhile.
  expect((await read(types[kind], "once")).metadata.generation).toBe(live.metadata.generation);
});

/** Samples without a field that the server would fill in. */
const complete = ["serviceAccount", "configMap", "secret", "networkPolicy"] as const;

describe.each(complete)("a %s that is created with POST", (kind) => {
  const type = types[kind];
  const creating = (client: Client = world.client) => makeApplier(client, { creates: [type] });
  const methods: string[] = [];
  /** Keeps what is sent. */
  const watched = (): Client => ({
    ...delegate(world.client),
    create: (...args) => {
      methods.push("create");
      return world.client.create(...args);
    },
    apply: (...args) => {
      methods.push("apply");
      return world.client.apply(...args);
    },
    request: (request) => {
      methods.push(request.method);
      return world.client.request(request);
    },
  });
  beforeEach(() => {
    methods.length = 0;
  });

  test("costs one request, and none of a later process", async () => {
    const desired = sample(kind, world.namespace, "created");
    await creating(watched()).apply(type, desired, undefined);
    expect(methods).toEqual(["create"]);
    const live = liveOf(await read(type, "created"));
    expect(await creating(watched()).apply(type, desired, live)).toEqual({ written: false });
    expect(methods).toEqual(["create"]);
  });

  test("loses what is no longer desired at its first change, and keeps what others have added", async () => {
    const desired = sample(kind, world.namespace, "changing");
    desired.metadata.labels = { ...desired.metadata.labels, "example.io/old": "yes" };
    await creating().apply(type, desired, undefined);
    const live = await patch(type, "changing", { metadata: { labels: { "example.io/theirs": "yes" } } });
    delete desired.metadata.labels["example.io/old"];
    const asked = { fieldManager, onto: { uid: live.metadata.uid ?? "" }, dryRun: true };
    const foreseen = withoutLeftOvers(await world.client.apply(type, desired, asked), fieldManager);
    const { object } = await creating(watched()).apply(type, desired, liveOf(live));
    expect(object?.metadata.labels).toEqual({ ...desired.metadata.labels, "example.io/theirs": "yes" });
    expect(contentOf(foreseen)).toEqual(contentOf(object!));
    expect(methods).toEqual(["PATCH", "apply"]);
    desired.metadata.labels["example.io/new"] = "yes";
    await creating(watched()).apply(type, desired, liveOf(object!));
    expect(methods).toEqual(["PATCH", "apply", "apply"]);
  });

  test("is not written when it changes between the look at it and the first change", async () => {
    const desired = sample(kind, world.namespace, "raced");
    const { object } = await creating().apply(type, desired, undefined);
    const racing: Client = {
      ...delegate(world.client),
      request: async (request) => {
        await patch(type, "raced", { metadata: { labels: { "example.io/theirs": String(Math.random()) } } });
        return world.client.request(request);
      },
    };
    const changed = { ...desired, metadata: { ...desired.metadata, labels: { "example.io/only": "yes" } } };
    const attempt = makeApplier(racing, { creates: [type] }).apply(type, changed, liveOf(object!));
    await expect(attempt).rejects.toMatchObject({ status: 409 });
    expect((await read(type, "raced")).metadata.labels).not.toHaveProperty(["example.io/only"]);
    expect((await creating().apply(type, changed, liveOf(await read(type, "raced")))).written).toBe(true);
  });

  test("is left as it is when somebody else was faster", async () => {
    const theirs = await world.client.apply(type, sample(kind, world.namespace, "taken"), { fieldManager: "them" });
    const desired = sample(kind, world.namespace, "taken");
    const us = { apiVersion: "v1", kind: "ConfigMap", name: "us", uid: theirs.metadata.uid ?? "", controller: true };
    desired.metadata.ownerReferences = [us];
    await expect(creating().apply(type, desired, undefined)).rejects.toBeInstanceOf(NotOwnedError);
    expect((await read(type, "taken")).metadata.uid).toBe(theirs.metadata.uid);
  });
});

describe("healing", () => {
  test("a field changed by hand is written back", async () => {
    const desired = sample("service", world.namespace, "changed");
    await applier.apply(types.service, desired, undefined);
    const live = await patch(types.service, "changed", { spec: { selector: { hand: "made" } } });
    expect((await applier.apply(types.service, desired, liveOf(live))).written).toBe(true);
    const healed = await read(types.service, "changed");
    expect((healed.spec as { selector: object }).selector).toEqual((desired.spec as { selector: object }).selector);
  });

  test("a field that is no longer desired is removed", async () => {
    const desired = sample("configMap", world.namespace, "dropped");
    const { object } = await applier.apply(types.configMap, desired, undefined);
    desired.data = { alpha: "only" };
    expect((await applier.apply(types.configMap, desired, liveOf(object!))).written).toBe(true);
    expect((await read(types.configMap, "dropped")).data).toEqual({ alpha: "only" });
  });

  test("kubectl scale and rollout restart are left alone when replicas are not desired", async () => {
    const desired = sample("deployment", world.namespace, "scaled");
    delete (desired.spec as { replicas?: number }).replicas;
    await applier.apply(types.deployment, desired, undefined);
    const restartedAt = { "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" };
    const live = await patch(types.deployment, "scaled", {
      spec: { replicas: 0, template: { metadata: { annotations: restartedAt } } },
    });
    expect((await applier.apply(types.deployment, desired, liveOf(live))).written).toBe(false);
  });
});

test("a form that the server normalises is written once and then let be, until it changes", async () => {
  const desired = sample("deployment", world.namespace, "normalised");
  const [container] = (desired.spec as { template: { spec: { containers: { resources: object }[] } } }).template.spec
    .containers;
  container!.resources = { requests: { cpu: "0.25", memory: "1024Mi" } };
  const first = await applier.apply(types.deployment, desired, undefined);
  const live = liveOf(first.object!);
  expect((await applier.apply(types.deployment, desired, live)).written).toBe(false);
  const changed = await patch(types.deployment, "normalised", {
    metadata: { labels: { "app.kubernetes.io/name": "x" } },
  });
  expect((await applier.apply(types.deployment, desired, liveOf(changed))).written).toBe(true);
});

test("an object of another controller is not taken over, and the error names that controller", async () => {
  const owner = async (name: string) => {
    const object = await world.client.apply(types.configMap, sample("configMap", world.namespace, name), {
      fieldManager,
    });
    return [
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        name,
        uid: object.metadata.uid!,
        controller: true,
        blockOwnerDeletion: true,
      },
    ];
  };
  const theirs = sample("secret", world.namespace, "contested");
  theirs.metadata.ownerReferences = await owner("them");
  await world.client.apply(types.secret, theirs, { fieldManager: "them" });
  const ours = sample("secret", world.namespace, "contested");
  ours.metadata.ownerReferences = await owner("us");
  const attempt = applier.apply(types.secret, ours, undefined);
  await expect(attempt).rejects.toBeInstanceOf(NotOwnedError);
  await expect(attempt).rejects.toThrow("contested is controlled by ConfigMap them");
});

describe("an object that the cache has not seen", () => {
  test("is made only where there is none, and an existing one stays as it is", async () => {
    const theirs = await world.client.apply(types.configMap, sample("configMap", world.namespace, "unseen"), {
      fieldManager: "them",
    });
    const ours = { ...sample("configMap", world.namespace, "unseen"), data: { ours: "yes" } };
    ours.metadata.ownerReferences = [
      { apiVersion: "v1", kind: "ConfigMap", name: "us", uid: theirs.metadata.uid!, controller: true },
    ];
    await expect(applier.apply(types.configMap, ours, undefined)).rejects.toThrow(
      `kubectl -n ${world.namespace} annotate configmap unseen ${adoptionAnnotation}=us`,
    );
    expect((await read(types.configMap, "unseen")).metadata.resourceVersion).toBe(theirs.metadata.resourceVersion);
  });

  test("that took the place of one that the cache still has is not written", async () => {
    const desired = sample("configMap", world.namespace, "replaced");
    desired.metadata.ownerReferences = [
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        name: "us",
        uid: "11111111-1111-4111-8111-111111111111",
        controller: true,
      },
    ];
    const before = {
      uid: "22222222-2222-4222-8222-222222222222",
      controllerUid: "11111111-1111-4111-8111-111111111111",
    };
    const theirs = await world.client.apply(types.configMap, sample("configMap", world.namespace, "replaced"), {
      fieldManager: "them",
    });
    const attempt = applier.apply(types.configMap, desired, { ...before, fingerprint: "old" });
    await expect(attempt).rejects.toBeInstanceOf(NotOwnedError);
    expect((await read(types.configMap, "replaced")).metadata.resourceVersion).toBe(theirs.metadata.resourceVersion);
  });
});

test("what is written is told, so that a cache need not wait for its watch", async () => {
  const written: string[] = [];
  const onWritten: ApplierOptions["onWritten"] = (type, object) => written.push(`${type.kind} ${object.metadata.name}`);
  const telling = makeApplier(world.client, { onWritten });
  await telling.apply(types.configMap, sample("configMap", world.namespace, "told"), undefined);
  expect(written).toEqual(["ConfigMap told"]);
});

test("a Secret with stringData is refused with the way out", async () => {
  const desired = { ...sample("secret", world.namespace, "text"), stringData: { a: "b" } };
  await expect(applier.apply(types.secret, desired, undefined)).rejects.toThrow("write data instead");
});

test("a field that the server does not know is refused, though no warnings are asked for", async () => {
  const desired = { ...sample("configMap", world.namespace, "misspelt"), dta: { a: "b" } };
  await expect(applier.apply(types.configMap, desired, undefined)).rejects.toThrow("dta");
});
