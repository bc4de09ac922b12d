import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { reducePod, troubleOf } from "../../../operator/deployment/pod-trouble.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";

const image = "docker.io/cctelegram/server:9.9.9";

const podWith = (status: object): V1Pod => ({
  status: { containerStatuses: [{ name: "mcp-server", image, imageID: "", ready: false, restartCount: 1, ...status }] },
});

const waiting = (reason: string, message: string) => podWith({ state: { waiting: { reason, message } } });
const ended = (terminated: object): Partial<V1ContainerStatus> =>
  ({ state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: { terminated } }) as Partial<V1ContainerStatus>;

test.each(["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"])(
  "%s is an image that cannot be pulled, in the same words at every try",
  (reason) => {
    const first = troubleOf(waiting(reason, "try 1: connection reset by 10.0.0.7:443"));
    expect(first?.reason).toBe("ImagePullFailed");
    expect(first?.message).toContain(image);
    expect(troubleOf(waiting(reason, "try 2: back-off 20s"))).toEqual(first);
  },
);

test("a container that ends again and again is crash looping, while it waits and while it runs for a moment", () => {
  const crashed = ended({ exitCode: 78, reason: "Error", finishedAt: "2026-01-01T00:00:00Z" });
  const expected = { reason: "CrashLooping", message: expect.stringContaining("code 78") };
  expect(troubleOf(podWith(crashed))).toEqual(expected);
  expect(troubleOf(podWith({ ...crashed, state: { running: {} } }))).toEqual(expected);
});

test("a container that was killed for its memory says which limit to raise", () => {
  expect(troubleOf(podWith(ended({ exitCode: 137, reason: "OOMKilled" })))).toEqual({
    reason: "OutOfMemory",
    message: expect.stringContaining("resources.limits.memory"),
  });
});

test("a container that cannot be created passes the kubelet's words on", () => {
  expect(troubleOf(waiting("CreateContainerConfigError", 'secret "team-hmac" not found'))).toEqual({
    reason: "CreateContainerConfigError",
    message: 'secret "team-hmac" not found',
  });
});

test("a pod that no node takes passes the scheduler's words on", () => {
  const message = "0/1 nodes are available: 1 Insufficient memory.";
  const pod = { status: { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }] } };
  expect(troubleOf(pod)).toEqual({ reason: "Unschedulable", message });
});

describe("no trouble is", () => {
  test.each<[string, V1Pod]>([
    ["a pod of which nothing is known yet", {}],
    ["a container that is being created", waiting("ContainerCreating", "")],
    ["a container that ended well before", podWith(ended({ exitCode: 0, reason: "Completed" }))],
    ["a container that is ready again", podWith({ ...ended({ exitCode: 1 }), ready: true })],
  ])("%s", (_what, pod) => {
    expect(troubleOf(pod)).toBeUndefined();
  });

  test("a pod that is being deleted", () => {
    const pod = { ...waiting("ImagePullBackOff", ""), metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(reducePod(pod as unknown as KubernetesObject).trouble).toBeUndefined();
  });
});

test("a pod is known by its labels, and runs when a container does", () => {
  const labels = { "app.kubernetes.io/instance": "team", "app.kubernetes.io/component": "bridge" };
  const pod = {
    ...podWith({ state: { running: {} } }),
    metadata: { namespace: "tools", name: "team-bridge-0", labels },
  };
  expect(reducePod(pod as unknown as KubernetesObject)).toMatchObject({
    instance: "team",
    component: "bridge",
    running: true,
  });
});
