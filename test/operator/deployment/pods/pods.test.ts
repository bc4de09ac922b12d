import { describe, expect, test } from "vitest";
import {
  type CachedPod,
  currentPods,
  firstTrouble,
  imageOfAll,
  imageOfMost,
  livePods,
  reducePod,
} from "../../../../operator/deployment/pods/pods.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";

const image = "docker.io/cctelegram/server:1.2.3";

type Fields = { readonly metadata?: object; readonly status?: object; readonly image?: string };

/** A ready pod of the server, as the API server shows it. */
const object = ({ metadata = {}, status = {}, image: used = image }: Fields = {}): KubernetesObject =>
  ({
    metadata: {
      namespace: "tools",
      name: "team-mcp-server-abc-1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: {
        "app.kubernetes.io/instance": "team",
        "app.kubernetes.io/component": "mcp-server",
        "pod-template-hash": "abc",
      },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: "team-mcp-server-abc", uid: "1", controller: true },
      ],
      ...metadata,
    },
    spec: {
      containers: [
        { name: "sidecar", image: "mesh:1" },
        { name: "mcp-server", image: used },
      ],
    },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [{ name: "mcp-server", ready: true, state: { running: {} } }],
      ...status,
    },
  }) as unknown as KubernetesObject;

const pod = (fields: Partial<CachedPod> = {}): CachedPod => ({ ...reducePod(object()), ...fields });

test("a pod is known by its labels, its controller and the image of its own container", () => {
  expect(reducePod(object())).toMatchObject({
    instance: "team",
    component: "mcp-server",
    controller: "ReplicaSet/team-mcp-server-abc",
    revision: "abc",
    image,
    ended: false,
    running: true,
    ready: true,
    trouble: undefined,
  });
});

describe("the present of a workload", () => {
  const evicted = { phase: "Failed", reason: "Evicted" };
  const foreign = [{ apiVersion: "batch/v1", kind: "Job", name: "team-mcp-server-abc", uid: "2", controller: true }];
  const deletionTimestamp = "2026-01-01T00:01:00Z";

  test.each<[string, Fields]>([
    ["one that was evicted", { status: evicted }],
    ["one that has ended well", { status: { phase: "Succeeded" } }],
    ["one that is being deleted", { metadata: { deletionTimestamp } }],
    ["one with our labels that nobody controls", { metadata: { ownerReferences: [] } }],
    ["one with our labels that something else controls", { metadata: { ownerReferences: foreign } }],
  ])("is not %s", (_what, fields) => {
    expect(livePods([reducePod(object(fields))], "team-mcp-server")).toEqual([]);
  });

  test("is the pods of its ReplicaSets or StatefulSet", () => {
    const one = pod();
    const bridge = pod({ controller: "StatefulSet/team-bridge", revision: "team-bridge-77" });
    expect(livePods([one, bridge], "team-mcp-server")).toEqual([one]);
    expect(livePods([one, bridge], "team-bridge")).toEqual([bridge]);
  });
});

describe("the newest template", () => {
  test("of a Deployment is that of its newest pod, also after going back to an older one", () => {
    const first = pod({ revision: "a", createdAt: "2026-01-01T00:00:00Z" });
    const second = pod({ revision: "b", createdAt: "2026-01-01T00:00:05Z" });
    const again = pod({ revision: "a", createdAt: "2026-01-01T00:00:09Z" });
    expect(currentPods([second, first], undefined)).toEqual([second]);
    expect(currentPods([first, second, again], undefined)).toEqual([first, again]);
  });

  test("of a StatefulSet is told by it, so that a pod that has to be replaced is no news", () => {
    const old = pod({ revision: "team-bridge-1" });
    expect(currentPods([old], "team-bridge-2")).toEqual([]);
    expect(currentPods([old], "team-bridge-1")).toEqual([old]);
  });
});

describe("trouble", () => {
  const now = Date.UTC(2026, 0, 1, 0, 0, 10);
  const unschedulable = { reason: "Unschedulable", message: "no node", since: Date.UTC(2026, 0, 1) };
  const crash = { reason: "CrashLooping", message: "code 1" };

  test("with a node or a volume that may still come counts after fifteen seconds", () => {
    const waiting = [pod({ trouble: unschedulable })];
    expect(firstTrouble(waiting, now)).toEqual({ settlesInMs: 5_000 });
    expect(firstTrouble(waiting, now + 5_000)).toEqual({ trouble: unschedulable });
  });

  test("of another kind counts at once", () => {
    expect(firstTrouble([pod(), pod({ trouble: unschedulable }), pod({ trouble: crash })], now)).toEqual({
      trouble: crash,
    });
    expect(firstTrouble([pod()], now)).toEqual({});
  });
});

test("what runs is the image of most of the ready pods, and the same answer whatever their order", () => {
  const old = pod({ image: "server:1" });
  const next = pod({ image: "server:2" });
  const broken = pod({ image: "server:3", ready: false });
  expect(imageOfMost([broken])).toBeUndefined();
  expect(imageOfMost([next, old, broken, old])).toBe("server:1");
  expect(imageOfMost([next, old])).toBe(imageOfMost([old, next]));
});

describe("the image of all pods", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const pulled = (imageID: string, used = image) =>
    reducePod(
      object({ image: used, status: { containerStatuses: [{ name: "mcp-server", imageID, state: { running: {} } }] } }),
    );
  const right = pulled(`docker.io/cctelegram/server@${digest}`);

  test("has the digest that their nodes have pulled", () => {
    expect(imageOfAll([right, right])).toBe(`${image}@${digest}`);
  });

  test("is what their template names, when that is a digest", () => {
    const pinned = `${image}@${digest}`;
    expect(imageOfAll([pulled("", pinned), pulled(`docker.io/cctelegram/server@${digest}`, pinned)])).toBe(pinned);
  });

  test.each([
    ["there is none", []],
    ["one has other bytes under the same tag", [right, pulled(`docker.io/cctelegram/server@sha256:${"b".repeat(64)}`)]],
    [
      "one has another tag",
      [right, pulled(`docker.io/cctelegram/server@${digest}`, "docker.io/cctelegram/server:1.2.4")],
    ],
    ["a node has imported it", [right, pulled(digest)]],
    ["one has not pulled it yet", [right, pulled("")]],
  ])("is not known while %s", (_, pods) => {
    expect(imageOfAll(pods)).toBeUndefined();
  });
});
