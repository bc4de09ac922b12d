import { describe, expect, test } from "vitest";
import type { Condition } from "../../../../operator/api/status.ts";
import { rounded } from "../../../../operator/deployment/probing/parts-probe.ts";
import { settlingMs } from "../../../../operator/deployment/status/pacing.ts";
import { statusOf, tagOf, transitions } from "../../../../operator/deployment/status/status.ts";
import { specOf } from "../support/blueprint.ts";
import { bridgeAnswer, condition, now, resource, snapshot, statusWith, workload } from "../support/snapshot.ts";

test("the status says what runs, and the same snapshot gives the same status", () => {
  const spec = specOf({ server: { auth: { clients: [{ name: "claude" }] } } });
  const one = snapshot({ resource: resource({ spec }), server: workload({ ready: 2 }) });
  expect(statusOf(one, now)).toEqual(statusOf(one, now));
  expect(statusOf(one, now)).toMatchObject({
    observedGeneration: 3,
    url: "http://team-mcp-server.tools.svc:8080/mcp",
    version: "1.2.3",
    replicas: 3,
    readyReplicas: 2,
    servers: "2/3",
    bridge: "1/1",
    queue: 0,
    selector:
      "app.kubernetes.io/name=cctelegram,app.kubernetes.io/instance=team,app.kubernetes.io/component=mcp-server",
    clients: [{ name: "claude", secretName: "team-connection-claude" }],
  });
});

test("a status that was written makes no other status of the same snapshot", () => {
  const first = statusOf(snapshot(), now);
  const again = snapshot({ resource: resource({ status: first }) });
  expect(statusOf(again, "2026-02-02T00:00:00.000Z")).toEqual(first);
});

test("the version is that of the ready pods, and the last one that ran while none is", () => {
  const version = (runningImage: string | undefined, status = {}) =>
    statusOf(snapshot({ runningImage, resource: resource({ status }) }), now).version;
  expect(version("cctelegram/server:1.2.3", { version: "1.0.0" })).toBe("1.2.3");
  expect(version(undefined, { version: "1.0.0" })).toBe("1.0.0");
  expect(statusOf(snapshot({ runningImage: undefined }), now)).not.toHaveProperty("version");
});

test("a bridge that does not answer leaves the last known queue", () => {
  const probe = { server: undefined, bridge: { answered: false, message: "" } } as const;
  expect(statusOf(snapshot({ probe, resource: resource({ status: { queue: 40 } }) }), now).queue).toBe(40);
  expect(statusOf(snapshot({ probe }), now)).not.toHaveProperty("queue");
});

test("messages that come and go do not change the status", () => {
  const queue = (pending: number) =>
    statusOf(snapshot({ probe: { server: undefined, bridge: bridgeAnswer({ queue: { pending } }) } }), now).queue;
  expect([0, 1, 9].map(queue)).toEqual([0, 0, 0]);
  expect([10, 19, 20, 99, 100, 199, 4321].map(rounded)).toEqual([10, 10, 20, 90, 100, 100, 4000]);
});

test.each([
  ["cctelegram/server", "latest"],
  ["cctelegram/server:1.2.3", "1.2.3"],
  ["registry:5000/cctelegram/server", "latest"],
  ["registry:5000/cctelegram/server:1.2.3", "1.2.3"],
  ["registry:5000/server:1.2.3@sha256:0123", "1.2.3"],
  ["server@sha256:0123", "sha256:0123"],
])("the version of %s is %s", (image, tag) => {
  expect(tagOf(image)).toBe(tag);
});

describe("events", () => {
  const ready = (status: Condition["status"], message = "message") => [condition("Ready", status, { message })];
  const degraded = (status: Condition["status"], reason = "Reason") => [condition("Degraded", status, { reason })];
  const paused = (status: Condition["status"]) => [condition("Paused", status)];
  const receiving = (status: Condition["status"]) => [condition("Receiving", status)];
  const delivering = (status: Condition["status"], message: string) => [
    condition("Delivering", status, { reason: "RecipientRefused", message }),
  ];

  test.each<[string, Condition[], Condition[], object[]]>([
    ["Ready for the first time", [], ready("True"), [{ type: "Normal", reason: "Ready" }]],
    ["Ready again", ready("False"), ready("True"), [{ type: "Normal", reason: "Ready" }]],
    ["Ready no more", ready("True"), ready("False"), [{ type: "Warning", reason: "NotReady" }]],
    ["never Ready yet", [], ready("False"), []],
    ["Ready as before, in other words", ready("True"), ready("True", "other"), []],
    ["a problem", degraded("False"), degraded("True"), [{ type: "Warning", reason: "Reason" }]],
    ["another problem", degraded("True"), degraded("True", "Other"), [{ type: "Warning", reason: "Other" }]],
    ["the same problem", degraded("True"), degraded("True"), []],
    ["no problem any more", degraded("True"), degraded("False"), []],
    ["not paused from the start", [], paused("False"), []],
    ["paused", paused("False"), paused("True"), [{ type: "Normal", reason: "Paused" }]],
    ["resumed", paused("True"), paused("False"), [{ type: "Normal", reason: "Resumed" }]],
    ["what people say arrives", [], receiving("True"), [{ type: "Normal", reason: "Receiving" }]],
    ["it does so as before", receiving("True"), receiving("True"), []],
    ["it no longer does, which Degraded says", receiving("True"), receiving("False"), []],
    ["nobody refused", [], delivering("True", "fine"), []],
    [
      "a recipient refused",
      delivering("True", "fine"),
      delivering("False", "7"),
      [{ type: "Warning", reason: "RecipientRefused", message: "7" }],
    ],
    [
      "another one refused",
      delivering("False", "7"),
      delivering("False", "7, 8"),
      [{ type: "Warning", message: "7, 8" }],
    ],
    ["the same one refused", delivering("False", "7"), delivering("False", "7"), []],
  ])("of %s", (_what, before, after, expected) => {
    expect(transitions(before, after)).toEqual(expected.map((event) => expect.objectContaining(event)));
  });
});

describe("a changed status is written", () => {
  type Turn = "True" | "False";
  const statusOf = (ready: Turn, progressing: Turn, ...others: Condition[]) =>
    statusWith(condition("Ready", ready), condition("Progressing", progressing), ...others);
  const starting = statusOf("False", "True");

  test("at once when it is no longer Ready, and when Degraded or Paused turn or another problem comes", () => {
    expect(settlingMs(statusOf("True", "False"), starting)).toBe(0);
    expect(settlingMs(starting, statusOf("False", "True", condition("Degraded", "True")))).toBe(0);
    expect(settlingMs(starting, statusOf("False", "True", condition("Paused", "True")))).toBe(0);
    const problem = (reason: string) => statusWith(condition("Degraded", "True", { reason }));
    expect(settlingMs(problem("One"), problem("Two"))).toBe(0);
  });

  test("at once when Ready is said of another generation, and when it is Stalled by something", () => {
    const ready = (observedGeneration: number) =>
      statusWith(condition("Ready", "True", { observedGeneration }), condition("Progressing", "False"));
    expect(settlingMs(ready(3), ready(4))).toBe(0);
    const stalled = (reason: string) => statusOf("False", "True", condition("Stalled", "True", { reason }));
    expect(settlingMs(starting, stalled("ImagePullFailed"))).toBe(0);
    expect(settlingMs(stalled("ImagePullFailed"), stalled("QuotaExceeded"))).toBe(0);
  });

  test("at once when a rollout begins to wait for somebody, and when it goes on", () => {
    const waits = statusWith(
      condition("Ready", "True"),
      condition("Progressing", "True", { reason: "WaitingForPromotion" }),
    );
    const moves = statusOf("True", "True");
    expect([settlingMs(moves, waits), settlingMs(waits, moves)]).toEqual([0, 0]);
  });

  test("soon when more is known of what is wrong", () => {
    const wrong = (message: string) => statusOf("False", "True", condition("Degraded", "True", { message }));
    expect(settlingMs(wrong("server"), wrong("server; bridge"))).toBe(2_000);
  });

  test("at once when it is Ready and all pods are there, some seconds later when the last ones still come", () => {
    expect(settlingMs(starting, statusOf("True", "False"))).toBe(0);
    expect(settlingMs(starting, statusOf("True", "True"))).toBe(10_000);
  });

  test("soon when the bridge says something else, with the other pods when it is the first thing it says", () => {
    type State = "True" | "False" | "Unknown";
    const delivers = (ready: "True" | "False", status: State) =>
      statusOf(ready, ready === "True" ? "False" : "True", condition("Delivering", status));
    expect(settlingMs(delivers("False", "True"), delivers("False", "False"))).toBe(2_000);
    expect(settlingMs(delivers("True", "Unknown"), delivers("True", "True"))).toBe(2_000);
    expect(settlingMs(delivers("False", "Unknown"), delivers("False", "True"))).toBe(10_000);
    expect(settlingMs(starting, delivers("False", "True"))).toBe(10_000);
  });

  test("a moment later when the spec changed, so that its pods are seen moving", () => {
    expect(settlingMs(starting, { ...starting, observedGeneration: 4 })).toBe(300);
  });

  test("after some seconds when only pods were counted, after a minute at most while they are being replaced", () => {
    const settled = statusOf("True", "False");
    expect(settlingMs(settled, { ...settled, servers: "2/3" })).toBe(10_000);
    expect(settlingMs(starting, { ...starting, servers: "2/3" })).toBe(60_000);
  });

  test("with the next one when pods were only made, and nothing is ready", () => {
    const usable = { ...statusOf("True", "True"), replicas: 2 };
    expect(settlingMs(usable, { ...usable, replicas: 3 })).toBe(60_000);
    expect(settlingMs({ ...starting, replicas: 2 }, { ...starting, replicas: 3 })).toBe(600_000);
  });
});
