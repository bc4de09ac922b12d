import { afterEach, beforeEach, expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import type { ResourceType } from "../../../operator/runtime/resource-type.ts";
import { type PodReport, running, withoutImage } from "./support/kubelet.ts";
import {
  changeSpec,
  conditionOf,
  createResource,
  createToken,
  eventually,
  exists,
  readResource,
  untilCondition,
  untilReady,
  untilSettled,
  writesOf,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

const webhooks: ResourceType = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: "validatingwebhookconfigurations",
  kind: "ValidatingWebhookConfiguration",
  namespaced: false,
};
const namespaces: ResourceType = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
};

let world: World;

beforeEach(async () => {
  world = await World.create("recover");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterEach(() => world.dispose());

type Pod = KubernetesObject & { readonly spec: { readonly containers: readonly { readonly image: string }[] } };

const bridgePod = () => world.get<Pod>(types.pods, "team-bridge-0");
const imageOf = ({ spec }: Pod) => spec.containers[0]!.image;
const pullable =
  (image: string): PodReport =>
  (pod) =>
    imageOf(pod as Pod) === image ? running(pod) : withoutImage(pod);

test("a version that does not exist, corrected, ends in good pods of server and bridge without anybody's help", async () => {
  await world.kubelet.report(pullable("docker.io/cctelegram/server:1.2.3"));
  await createResource(world, "team", { version: "does-not-exist" });
  await untilCondition(world, "team", "Degraded", { status: "True", reason: "ImagePullFailed" });
  const broken = await bridgePod();
  expect(imageOf(broken)).toBe("docker.io/cctelegram/server:does-not-exist");
  await changeSpec(world, "team", { version: "1.2.3" });
  await eventually(async () => {
    const pod = await bridgePod();
    expect(pod.metadata.uid).not.toBe(broken.metadata.uid);
    expect(imageOf(pod)).toBe("docker.io/cctelegram/server:1.2.3");
  });
  await untilReady(world, "team");
});

test("on a running system such a version never reaches the bridge, before it is corrected and after", async () => {
  await world.kubelet.report(pullable("docker.io/cctelegram/server:1.2.3"));
  await createResource(world, "team");
  await untilSettled(world, "team");
  const before = await bridgePod();
  await changeSpec(world, "team", { version: "nope" });
  await untilCondition(world, "team", "Degraded", { status: "True", reason: "ImagePullFailed" });
  expect((await bridgePod()).metadata.uid).toBe(before.metadata.uid);
  await changeSpec(world, "team", { version: "1.2.3" });
  await untilReady(world, "team");
  expect((await bridgePod()).metadata.uid).toBe(before.metadata.uid);
});

const unreachable = "http://198.51.100.7:8081";
const broken: readonly [string, object, object, string][] = [
  ["an API URL", { telegram: { apiUrl: unreachable } }, { telegram: { apiUrl: null } }, unreachable],
  [
    "resources that no node has",
    { bridge: { resources: { requests: { cpu: "900" }, limits: { cpu: "900" } } } },
    { bridge: { resources: null } },
    '"900"',
  ],
  [
    "a node that there is not",
    {
      server: { podTemplate: { nodeSelector: { "example.io/none": "x" } } },
      bridge: { podTemplate: { nodeSelector: { "example.io/none": "x" } } },
    },
    { server: { podTemplate: null }, bridge: { podTemplate: null } },
    "example.io/none",
  ],
  [
    "a variable that the program cannot use",
    {
      server: { env: [{ name: "SHUTDOWN_DELAY", value: "soon" }] },
      bridge: { env: [{ name: "X", value: "broken" }] },
    },
    { server: { env: null }, bridge: { env: null } },
    '"broken"',
  ],
];

test.each(broken)(
  "%s that keeps pods from running, corrected, ends in good pods",
  async (_what, wrong, right, mark) => {
    await createResource(world, "team");
    await untilSettled(world, "team");
    const isWrong = (pod: KubernetesObject) => JSON.stringify(pod.spec).includes(mark);
    await world.kubelet.report((pod) => (isWrong(pod) ? withoutImage(pod) : running(pod)));
    await changeSpec(world, "team", wrong);
    await eventually(async () => expect(isWrong(await bridgePod())).toBe(true));
    await untilCondition(world, "team", "Ready", { status: "False" });
    await changeSpec(world, "team", right);
    await eventually(async () => expect(isWrong(await bridgePod())).toBe(false));
    await untilSettled(world, "team");
  },
);

test("a bridge that runs is kept while the Secret that the spec names is not there, and the status says so", async () => {
  await createResource(world, "team");
  await untilSettled(world, "team");
  const before = await world.get(types.statefulSets, "team-bridge");
  const pod = await bridgePod();
  await changeSpec(world, "team", { telegram: { botTokenSecretRef: { name: "telegrm" } } });
  const told = await untilCondition(world, "team", "Degraded", { status: "True", reason: "BotTokenSecretNotFound" });
  expect(conditionOf(told, "Degraded")?.message).toContain("Secret telegrm does not exist");
  await world.restartOperator();
  expect((await world.get(types.statefulSets, "team-bridge")).metadata.generation).toBe(before.metadata.generation);
  expect((await bridgePod()).metadata.uid).toBe(pod.metadata.uid);

  await world.post(types.secrets, { metadata: { name: "telegrm" }, stringData: { token: "123456789:AAOther" } });
  await eventually(async () => {
    const { spec } = await world.get(types.statefulSets, "team-bridge");
    expect(JSON.stringify(spec)).toContain('"secretName":"telegrm"');
  });
  await untilReady(world, "team");
});

test("a bridge that runs is kept while a Secret that one of its variables names is not there", async () => {
  await createResource(world, "team");
  await untilSettled(world, "team");
  const { generation } = (await world.get(types.statefulSets, "team-bridge")).metadata;
  const secretKeyRef = { name: "extras", key: "region" };
  await changeSpec(world, "team", { bridge: { env: [{ name: "REGION", valueFrom: { secretKeyRef } }] } });
  const told = await untilCondition(world, "team", "Degraded", { status: "True", reason: "SecretNotFound" });
  expect(conditionOf(told, "Degraded")?.message).toContain("Secret extras, which bridge.env names, does not exist");
  expect((await world.get(types.statefulSets, "team-bridge")).metadata.generation).toBe(generation);
  await world.post(types.secrets, { metadata: { name: "extras" }, stringData: { region: "north" } });
  await eventually(async () => {
    expect(JSON.stringify((await world.get(types.statefulSets, "team-bridge")).spec)).toContain('"name":"extras"');
  });
  await untilReady(world, "team");
});

test("a webhook that does not answer is told with the API server's words, and passes when it is gone", async () => {
  const name = world.namespace;
  await world.client.request({
    method: "POST",
    path: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    body: {
      metadata: { name },
      webhooks: [
        {
          name: "nobody.example.io",
          clientConfig: { url: "https://127.0.0.1:9/" },
          rules: [{ apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments"], operations: ["*"] }],
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": world.namespace } },
          failurePolicy: "Fail",
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
          timeoutSeconds: 1,
        },
      ],
    },
  });
  try {
    await createResource(world, "team");
    const told = await untilCondition(world, "team", "Degraded", { status: "True", reason: "ApplyFailed" });
    expect(conditionOf(told, "Degraded")?.message).toMatch(
      /deployments\/team-mcp-server.*failed calling webhook "nobody/,
    );
    expect(conditionOf(told, "Ready")).toMatchObject({ status: "False", reason: "ApplyFailed" });
    // Problems that are not transient are shown.
    expect(await exists(world, types.statefulSets, "team-bridge")).toBe(true);
    // The bridge comes up meanwhile, and what it says is told, too.
    const { resourceVersion } = await eventually(async () => {
      const resource = await readResource(world, "team");
      expect(resource.status).toMatchObject({ bridge: "1/1" });
      expect(conditionOf(resource, "Delivering")).toMatchObject({ status: "True" });
      return resource.metadata;
    });
    await world.restartOperator();
    expect((await readResource(world, "team")).metadata.resourceVersion).toBe(resourceVersion);
  } finally {
    await world.client.delete(webhooks, "", name);
  }
  await untilReady(world, "team", 120_000);
});

test("a namespace with resources in it ends quietly", async () => {
  await createResource(world, "team");
  await createResource(world, "other");
  await untilSettled(world, "team");
  await untilSettled(world, "other");
  await world.audit.reset();
  await world.client.delete(namespaces, "", world.namespace);
  await eventually(async () => {
    expect(
      await world.client.list("/api/v1/namespaces").then((all) => all.map(({ metadata }) => metadata.name)),
    ).not.toContain(world.namespace);
  }, 120_000);
  const errors = world.logger.entries.filter(({ level }) => level === "error");
  expect(errors).toEqual([]);
  expect((await writesOf(world)).length).toBeLessThan(25);
});
