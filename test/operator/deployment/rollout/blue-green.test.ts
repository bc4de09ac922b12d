import { describe, expect, test } from "vitest";
import { decide } from "../../../../operator/deployment/rollout/decision.ts";
import { blueGreen, Stage, shown } from "./support.ts";

describe("BlueGreen", () => {
  test("a new version starts beside, is tried, takes all clients, and the one before stays for a while", () => {
    const stage = Stage.good(blueGreen);
    expect(stage.status).toMatchObject({ revision: 1, track: "blue" });
    const started = stage.ask("two");
    expect([shown(started), started.isPreviewed, started.bridgeImage]).toEqual([
      "blue 1, green 2 -> blue",
      true,
      "server:one",
    ]);
    const switched = stage.settle();
    expect([shown(switched), switched.isPreviewed, switched.bridgeImage]).toEqual([
      "green 2, blue 1 -> green",
      false,
      "server:two",
    ]);
    expect(stage.history).toBe("1 Previous, 2 Active");
    expect(shown(stage.pass(59))).toBe("green 2, blue 1 -> green");
    expect(shown(stage.pass(1))).toBe("green 2 -> green");
    expect(stage.history).toBe("1 Superseded, 2 Active");
    expect(shown(stage.ask("three"))).toBe("green 2, blue 3 -> green");
  });

  test("clients do not reach it before enough of its pods are ready and it has answered", () => {
    const stage = Stage.good(blueGreen);
    stage.ask("two");
    stage.sides.green = { ...stage.sides.green!, settled: true, ready: 3 };
    expect(stage.step().track).toBe("blue");
    stage.preview = { template: "one", passed: true };
    expect(stage.step().track).toBe("blue");
    // The autoscaler has made more of the old ones meanwhile.
    stage.sides.blue = { ...stage.sides.blue!, replicas: 5 };
    stage.preview = { template: "two", passed: true };
    expect(stage.step().track).toBe("blue");
    stage.sides.green = { ...stage.sides.green!, replicas: 5, ready: 5 };
    expect(stage.step().track).toBe("green");
  });

  test.each([
    {
      what: "its pods do not start",
      side: { deadlineExceeded: true, trouble: "no such image" },
      cause: "no such image",
    },
    { what: "it answers wrongly", side: { settled: true, ready: 3 }, cause: "HTTP 500" },
  ])("when $what, it goes away and clients never reached it", ({ side, cause }) => {
    const stage = Stage.good(blueGreen);
    stage.ask("two");
    stage.sides.green = { ...stage.sides.green!, ...side };
    stage.preview = { template: "two", passed: false, problem: "HTTP 500" };
    expect(shown(stage.step())).toBe("blue 1 -> blue");
    expect(stage.history).toBe("1 Active, 2 RolledBack");
    expect(stage.status?.revisions?.[1]?.message).toBe(cause);
    expect(shown(stage.pass(100_000))).toBe("blue 1 -> blue");
  });

  test("when it takes too long without a known cause, it goes away, and time alone shows that", () => {
    const stage = Stage.good({
      ...blueGreen,
      progressDeadlineSeconds: 30,
      analysis: { durationSeconds: 10, maxErrorPercent: 0 },
    });
    stage.ask("two");
    expect(decide(stage.facts).lookAgainMs).toBe(40_001);
    stage.pass(40);
    expect(stage.history).toBe("1 Active, 2 Previewing");
    stage.pass(1);
    expect(stage.history).toBe("1 Active, 2 RolledBack");
  });

  describe("with metrics", () => {
    const metrics = { minCalls: 20, maxErrorPercent: 1 };
    const spec = { ...blueGreen, analysis: { durationSeconds: 10, maxErrorPercent: 0, metrics } };
    const problem = "its pods answered 9 of 20 calls with 5xx";

    test("it takes over when these are good, too", () => {
      const stage = Stage.good(spec);
      stage.ask("two");
      expect(stage.settle().track).toBe("blue");
      stage.measured = { template: "one", passed: true };
      expect(stage.step().track).toBe("blue");
      stage.measured = { template: "two", passed: true };
      expect(stage.step().track).toBe("green");
    });

    test("it goes away when they are not, or say nothing until it is too late", () => {
      const failing = Stage.good(spec);
      failing.ask("two");
      failing.measured = { template: "two", passed: false, problem };
      expect(shown(failing.settle())).toBe("blue 1 -> blue");
      expect(failing.status?.revisions?.[1]).toMatchObject({ outcome: "RolledBack", message: problem });
      const silent = Stage.good({ ...spec, progressDeadlineSeconds: 30 });
      silent.ask("two");
      silent.measured = { template: "two", passed: false, waits: "the metrics of its pods cannot be read" };
      silent.settle();
      expect(shown(silent.pass(40))).toBe("blue 1, green 2 -> blue");
      expect(shown(silent.pass(1))).toBe("blue 1 -> blue");
      expect(silent.status?.revisions?.[1]?.message).toBe("the metrics of its pods cannot be read");
    });
  });

  test.each([
    {
      what: "its metrics show that clients' calls fail",
      fails: (stage: Stage) => (stage.measured = { template: "two", passed: false, problem: "9 of 20 calls" }),
    },
    {
      what: "it refuses handshakes",
      fails: (stage: Stage) => (stage.verified = { template: "two", passed: false, problem: "HTTP 401" }),
    },
    {
      what: "a pod crashes",
      fails: (stage: Stage) =>
        (stage.sides.green = { ...stage.sides.green!, trouble: "exits with code 1", crashes: true }),
    },
    { what: "no pod is ready", fails: (stage: Stage) => (stage.sides.green = { ...stage.sides.green!, ready: 0 }) },
  ])("when $what while the one before is there, clients go back at once", ({ fails }) => {
    const stage = Stage.good(blueGreen);
    stage.ask("two");
    stage.settle();
    stage.settle();
    fails(stage);
    expect(shown(stage.step())).toBe("blue 1, green 2 -> blue");
    expect(stage.history).toBe("1 Active, 2 RolledBack");
    // Its pods may still answer somebody.
    expect(shown(stage.pass(14))).toBe("blue 1, green 2 -> blue");
    expect(shown(stage.pass(1))).toBe("blue 1 -> blue");
    expect(shown(stage.pass(3600))).toBe("blue 1 -> blue");
  });

  test("when no node takes a further pod, clients stay: that is not the version's fault", () => {
    const stage = Stage.good(blueGreen);
    stage.ask("two");
    stage.settle();
    stage.sides.green = { ...stage.sides.green!, settled: false, trouble: "0/3 nodes are available" };
    expect(stage.step().track).toBe("green");
  });

  test("clients do not go back to servers that are not ready", () => {
    const stage = Stage.good(blueGreen);
    stage.ask("two");
    stage.settle();
    stage.sides.blue = { ...stage.sides.blue!, ready: 0, settled: false };
    stage.verified = { template: "two", passed: false, problem: "HTTP 401" };
    expect(stage.step().track).toBe("green");
  });

  test("promoted by hand: it waits beside without end, until its own revision is named", () => {
    const stage = Stage.good({ ...blueGreen, promotion: "Manual" });
    stage.promote = "1";
    stage.ask("two");
    stage.settle();
    expect(shown(stage.pass(86_400))).toBe("blue 1, green 2 -> blue");
    stage.promote = "2";
    expect(shown(stage.step())).toBe("green 2, blue 1 -> green");
  });

  test("an operator that starts anew while it waits for a word has asked it nothing, which is no failure", () => {
    const stage = Stage.good({ ...blueGreen, promotion: "Manual" });
    stage.ask("two");
    stage.settle();
    expect(stage.status?.tried).toBe(2);
    stage.preview = undefined;
    expect(shown(stage.pass(86_400))).toBe("blue 1, green 2 -> blue");
    expect(stage.history).toBe("1 Active, 2 Previewing");
    stage.promote = "2";
    expect(stage.step().track).toBe("blue");
    expect(shown(stage.settle())).toBe("green 2, blue 1 -> green");
    expect(stage.status?.tried).toBeUndefined();
  });

  test("a word given before it was tried does not make it skip that", () => {
    const stage = Stage.good({ ...blueGreen, promotion: "Manual" });
    stage.promote = "2";
    expect(stage.ask("two").track).toBe("blue");
    expect(stage.settle().track).toBe("green");
  });

  test("undo within the time goes back to the pods that are still there", () => {
    const stage = Stage.good(blueGreen);
    stage.ask("two");
    stage.settle();
    stage.undo = "1";
    expect(shown(stage.step())).toBe("green 2, blue 1 -> green");
    expect(shown(stage.settle())).toBe("blue 1, green 2 -> blue");
    expect(stage.status?.rejected?.cause).toBe("Undone");
  });

  test("a further version takes the place of the one before", () => {
    const stage = Stage.good(blueGreen);
    stage.ask("two");
    stage.settle();
    expect(shown(stage.ask("three"))).toBe("green 2, blue 3 -> green");
    expect(stage.history).toBe("1 Superseded, 2 Active, 3 Previewing");
  });

  test("an operator that starts anew in any of these states decides the same", () => {
    const stage = Stage.good(blueGreen);
    stage.ask("two");
    for (const act of [() => stage.settle(), () => stage.step(), () => stage.pass(60)]) {
      act();
      const { state, notes } = decide(stage.facts);
      expect({ ...state, revisions: [...state.revisions] }).toEqual(stage.status);
      expect(notes).toEqual([]);
    }
  });

  test("a status that was lost is found again: the Service says what clients reach", () => {
    const stage = Stage.good(blueGreen);
    stage.ask("two");
    stage.settle();
    stage.pass(60);
    stage.status = undefined;
    stage.wasReady = true;
    expect(shown(stage.step())).toBe("green 2 -> green");
    expect(stage.status).toMatchObject({ revision: 2, track: "green" });
  });

  test("nothing is tried while no server runs: what is asked for then waits, and takes the way of any other when they wake", () => {
    const stage = Stage.good(blueGreen);
    stage.isStopped = true;
    expect(shown(stage.ask("two"))).toBe("blue 1 -> blue");
    expect(stage.history).toBe("1 Active, 2 Waiting");
    stage.pass(100_000);
    stage.isStopped = false;
    expect(shown(stage.step())).toBe("blue 1, green 2 -> blue");
    stage.preview = { template: "two", passed: false, problem: "it answers wrongly" };
    stage.sides.green = { ...stage.sides.green!, settled: true, ready: 3 };
    expect(shown(stage.step())).toBe("blue 1 -> blue");
    expect(stage.history).toBe("1 Active, 2 RolledBack");
  });

  test("a trial that is interrupted by a hibernation begins anew", () => {
    const stage = Stage.good(blueGreen);
    stage.ask("two");
    stage.isStopped = true;
    expect(shown(stage.step())).toBe("blue 1 -> blue");
    stage.pass(100_000);
    stage.isStopped = false;
    expect(shown(stage.step())).toBe("blue 1, green 2 -> blue");
    expect(shown(stage.settle())).toBe("green 2, blue 1 -> green");
  });

  test("the version before is not kept through a hibernation: it might be ready first, and that is no failure", () => {
    const stage = Stage.good(blueGreen);
    stage.ask("two");
    stage.settle();
    stage.isStopped = true;
    stage.step();
    stage.isStopped = false;
    expect(shown(stage.step())).toBe("green 2 -> green");
    expect(stage.history).toBe("1 Superseded, 2 Active");
  });
});
