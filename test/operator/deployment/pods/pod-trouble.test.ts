import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { troubleOf } from "../../../../operator/deployment/pods/pod-trouble.ts";

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

test("what a container said last before it failed is told with its exit code", () => {
  const message = '{"level":"fatal","msg":"the port is taken","token":"x"}\n';
  expect(troubleOf(podWith(ended({ exitCode: 78, reason: "Error", message })))?.message).toBe(
    'the container mcp-server exits with code 78, and said last "the port is taken": see kubectl logs --previous -c mcp-server',
  );
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

test.each([
  ["0/1 nodes are available: 1 Insufficient memory", "add nodes, lower resources.requests or look at podTemplate"],
  [
    '0/1 nodes are available: persistentvolumeclaim "backups" not found',
    "create the claim, or see in kubectl describe pvc what its volume waits for",
  ],
  [
    "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims",
    "create the claim, or see in kubectl describe pvc what its volume waits for",
  ],
])("a pod that no node takes passes the scheduler's words on, and says what to do: %s", (cause, wayOut) => {
  const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message: `${cause}.` };
  const pod = { status: { conditions: [condition] } };
  expect(troubleOf(pod)).toEqual({ reason: "Unschedulable", message: `${cause}: ${wayOut}` });
});

test("since when a pod waits for a node is known, because at a start it may have to wait for its volume", () => {
  const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "no" };
  const lastTransitionTime = "2026-01-01T00:00:00Z" as unknown as Date;
  const pod = { status: { conditions: [{ ...condition, lastTransitionTime }] } };
  expect(troubleOf(pod)).toMatchObject({ since: Date.UTC(2026, 0, 1) });
});

test("an init container that cannot start is told by its name", () => {
  const status = { name: "istio-init", image: "mesh/proxy:1", imageID: "", ready: false, restartCount: 0 };
  const state = { waiting: { reason: "ImagePullBackOff" } };
  const waitingMain = { name: "mcp-server", image, imageID: "", ready: false, restartCount: 0 };
  const pod = {
    status: {
      initContainerStatuses: [{ ...status, state }],
      containerStatuses: [{ ...waitingMain, state: { waiting: { reason: "PodInitializing" } } }],
    },
  };
  expect(troubleOf(pod)).toEqual({
    reason: "ImagePullFailed",
    message: expect.stringContaining("mesh/proxy:1 of the container istio-init"),
  });
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
});
