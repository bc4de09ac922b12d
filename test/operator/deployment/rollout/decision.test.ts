import { describe, expect, test } from "vitest";
import { decide } from "../../../../operator/deployment/rollout/decision.ts";
import { waitsForWindow } from "../../../../operator/deployment/rollout/facts.ts";
import { Stage, shown, wantedOf } from "./support.ts";

describe("RollingUpdate", () => {
  test("the first version is good when its pods are ready and a handshake succeeds; nobody is told", () => {
    const stage = new Stage();
    expect(shown(stage.step())).toBe("blue 1 -> all");
    expect(stage.status).toMatchObject({ target: 1, revisions: [{ outcome: "RollingOut" }] });
    stage.settle();
    expect(stage.status).toMatchObject({ revision: 1, revisions: [{ outcome: "Active", image: "server:one" }] });
    expect(stage.status?.target).toBeUndefined();
    expect(stage.notes).toEqual([]);
  });

  test("another template is another revision, and the bridge follows when its servers are good", () => {
    const stage = Stage.good();
    const started = stage.ask("two");
    expect([shown(started), started.bridgeImage]).toEqual(["blue 2 -> all", "server:one"]);
    expect(stage.settle().bridgeImage).toBe("server:two");
    expect(stage.history).toBe("1 Superseded, 2 Active");
    expect(stage.notes).toEqual(["RolloutStarted", "RolloutCompleted"]);
  });

  test.each([
    { what: "does not become ready in time", how: { deadlineExceeded: true } },
    { what: "is ready but answers no handshake", how: { settled: true, ready: 3 } },
  ])(
    "a version that $what gives way to the last good one, and is not tried again until the spec changes",
    ({ how }) => {
      const stage = Stage.good();
      stage.ask("two");
      stage.sides.blue = { ...stage.sides.blue!, ...how };
      stage.verified = { template: "two", passed: false, problem: "the MCP handshake was answered with HTTP 500" };
      const back = stage.step();
      expect([shown(back), back.bridgeImage]).toEqual(["blue 1 -> all", "server:one"]);
      expect(stage.history).toBe("1 Active, 2 RolledBack");
      expect(stage.status?.rejected).toEqual({ key: "two", cause: "RolledBack" });
      stage.settle();
      expect(shown(stage.pass(100_000))).toBe("blue 1 -> all");
      expect(shown(stage.ask("three"))).toBe("blue 3 -> all");
      expect(stage.status?.rejected).toBeUndefined();
    },
  );

  test("a wish for a restart asks for another try", () => {
    const stage = Stage.good();
    stage.ask("two");
    stage.sides.blue = { ...stage.sides.blue!, deadlineExceeded: true };
    stage.step();
    stage.wanted = { ...stage.wanted, key: "two, restarted" };
    expect(shown(stage.step())).toBe("blue 3 -> all");
  });

  test("a version waits for a maintenance window, and one whose image is not accepted for that; the first one for no window", () => {
    const first = new Stage();
    first.isHeld = true;
    expect(shown(first.step())).toBe("blue 1 -> all");
    for (const strategy of ["RollingUpdate", "BlueGreen"] as const) {
      for (const obstacle of ["isHeld", "isBlocked"] as const) {
        const stage = Stage.good({ strategy });
        const before = shown(stage.step());
        stage[obstacle] = true;
        expect(shown(stage.ask("two"))).toBe(before);
        expect(waitsForWindow(stage.facts)).toBe(obstacle === "isHeld");
        stage[obstacle] = false;
        stage.step();
        expect([stage.status?.target, waitsForWindow(stage.facts)]).toEqual([2, false]);
      }
    }
  });

  test("a version that fails gives way also outside of the windows", () => {
    const stage = Stage.good();
    stage.ask("two");
    stage.isHeld = true;
    stage.sides.blue = { ...stage.sides.blue!, deadlineExceeded: true };
    expect(shown(stage.step())).toBe("blue 1 -> all");
  });

  test("with onFailure Stop a version that fails is left as it is, and may still become good", () => {
    const stage = Stage.good({ onFailure: "Stop" });
    stage.ask("two");
    stage.sides.blue = { ...stage.sides.blue!, deadlineExceeded: true };
    expect(shown(stage.step())).toBe("blue 2 -> all");
    expect(stage.history).toBe("1 Active, 2 Failed");
    stage.sides.blue = { ...stage.sides.blue!, deadlineExceeded: false };
    stage.settle();
    expect(stage.history).toBe("1 Superseded, 2 Active");
  });

  test("without a good version there is nothing to go back to", () => {
    const stage = new Stage();
    stage.step();
    stage.sides.blue = { ...stage.sides.blue!, deadlineExceeded: true };
    expect(shown(stage.step())).toBe("blue 1 -> all");
    expect(stage.history).toBe("1 Failed");
  });

  test("pods of an operator that knew no revisions are the first one", () => {
    const stage = new Stage();
    const live = { template: "old", revision: undefined, labelled: false, settled: true, replicas: 3, ready: 3 };
    stage.sides.blue = { ...live, deadlineExceeded: false, trouble: undefined, crashes: false };
    stage.wasReady = true;
    expect(shown(stage.step())).toBe("blue 2 -> all");
    expect(stage.status).toMatchObject({
      revision: 1,
      target: 2,
      revisions: [{ template: "old" }, { template: "one" }],
    });
    stage.sides.blue = { ...stage.sides.blue!, deadlineExceeded: true };
    expect(shown(stage.step())).toBe("blue 1 -> all");
  });

  test("a spec that goes back before it is rolled out starts no further revision", () => {
    const stage = Stage.good();
    stage.ask("two");
    expect(shown(stage.ask("one"))).toBe("blue 1 -> all");
    expect(stage.history).toBe("1 Active, 2 Superseded");
  });

  test("only the newest revisions are kept, and of equal ones the newest", () => {
    const stage = Stage.good({ revisionHistoryLimit: 2 });
    for (const version of ["two", "one", "two", "three", "four", "five"]) {
      stage.ask(version);
      stage.settle();
    }
    // When 7 started, 6 was the present one.
    expect(stage.history).toBe("4 Superseded, 5 Superseded, 6 Superseded, 7 Active");
  });
});

describe("cctelegram.io/undo", () => {
  test("goes back to a kept revision until the spec changes", () => {
    const stage = Stage.good();
    stage.ask("two");
    stage.settle();
    stage.undo = "1";
    const plan = stage.step();
    expect([shown(plan), plan.bridgeImage]).toEqual(["blue 1 -> all", "server:two"]);
    stage.settle();
    expect(stage.history).toBe("1 Active, 2 Superseded");
    expect(stage.status?.rejected).toEqual({ key: "two", cause: "Undone" });
    expect(shown(stage.pass(3600))).toBe("blue 1 -> all");
    expect(shown(stage.ask("three"))).toBe("blue 3 -> all");
    stage.settle();
    // The same word again is no new wish; after it was taken away it is.
    expect(shown(stage.step())).toBe("blue 3 -> all");
    stage.undo = undefined;
    stage.step();
    stage.undo = "1";
    expect(shown(stage.step())).toBe("blue 1 -> all");
  });

  test("stops a rollout that is under way", () => {
    const stage = Stage.good();
    stage.ask("two");
    stage.undo = "1";
    expect(shown(stage.step())).toBe("blue 1 -> all");
    expect(stage.history).toBe("1 Active, 2 Superseded");
  });

  test("does not go back to a template that somebody has deleted", () => {
    const stage = Stage.good();
    stage.ask("two");
    stage.settle();
    stage.undo = "1";
    stage.isUndoLost = true;
    expect(shown(stage.step())).toBe("blue 2 -> all");
    expect(stage.notes.at(-1)).toBe("UndoRefused");
  });

  test.each(["9", "1", "no number"])("%s names nothing to go back to: somebody is told, nothing changes", (undo) => {
    const stage = Stage.good();
    stage.undo = undo;
    expect(shown(stage.step())).toBe("blue 1 -> all");
    stage.step();
    expect(stage.notes).toEqual(["UndoRefused"]);
    expect(stage.status?.rejected).toBeUndefined();
  });
});

const blueGreen = { strategy: "BlueGreen", keepPreviousSeconds: 60 } as const;

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
});

describe("a changed strategy", () => {
  test("to BlueGreen: the pods get their label first, of the same version, and only then the Service selects it", () => {
    const stage = Stage.good();
    stage.spec = { ...stage.spec, ...blueGreen };
    const labelling = stage.ask("two");
    expect([shown(labelling), labelling.serving.labelled]).toEqual(["blue 1 -> all", true]);
    expect(stage.history).toBe("1 Active, 2 Waiting");
    expect(shown(stage.settle())).toBe("blue 1, green 2 -> blue");
    expect(shown(stage.settle())).toBe("green 2, blue 1 -> green");
  });

  test("to RollingUpdate from blue: the Service selects all again, and no pod is replaced", () => {
    const stage = Stage.good(blueGreen);
    stage.spec = { ...stage.spec, strategy: "RollingUpdate" };
    const plan = stage.step();
    expect([shown(plan), plan.serving.labelled]).toEqual(["blue 1 -> all", true]);
    expect(stage.sides.blue?.settled).toBe(true);
  });

  test("to RollingUpdate from green: the same version moves to the blue servers, tried before clients reach it", () => {
    const stage = Stage.good(blueGreen);
    stage.ask("two");
    stage.settle();
    stage.pass(60);
    stage.spec = { ...stage.spec, strategy: "RollingUpdate" };
    expect(shown(stage.step())).toBe("green 2, blue 2 -> green");
    expect(shown(stage.ask("three"))).toBe("green 2, blue 2 -> green");
    // The Service leads to blue servers before these are replaced, one by one, by the next version.
    expect(shown(stage.settle())).toBe("blue 3, green 2 -> blue");
    stage.settle();
    expect(stage.history).toBe("1 Superseded, 2 Superseded, 3 Active");
    stage.pass(15);
    expect(shown(stage.step())).toBe("blue 3 -> all");
  });

  test("to RollingUpdate when only green servers are left: the blue ones have the label by which their Services find them", () => {
    const stage = Stage.good({ ...blueGreen, keepPreviousSeconds: 0 });
    stage.ask("two");
    stage.settle();
    expect(shown(stage.pass(60))).toBe("green 2 -> green");
    stage.spec = { ...stage.spec, strategy: "RollingUpdate" };
    const plan = stage.step();
    expect([shown(plan), plan.beside?.labelled]).toEqual(["green 2, blue 2 -> green", true]);
    expect(shown(stage.settle())).toBe("blue 2, green 2 -> blue");
    stage.pass(60);
    expect(shown(stage.step())).toBe("blue 2 -> all");
  });

  test("to RollingUpdate while the status is lost: what clients reach has to be good before it moves", () => {
    const stage = Stage.good(blueGreen);
    stage.ask("two");
    stage.settle();
    stage.spec = { ...stage.spec, strategy: "RollingUpdate" };
    stage.step();
    stage.status = undefined;
    stage.verified = undefined;
    expect(shown(stage.step())).toBe("green 2 -> green");
    expect(shown(stage.settle())).toBe("green 2, blue 2 -> green");
    expect(shown(stage.settle())).toBe("blue 2, green 2 -> blue");
    stage.pass(60);
    expect(shown(stage.step())).toBe("blue 2 -> all");
  });
});

describe("a changed strategy whose servers do not come up", () => {
  /** Clients reach green servers, and RollingUpdate wants blue ones. */
  const fromGreen = () => {
    const stage = Stage.good({ ...blueGreen, progressDeadlineSeconds: 30 });
    stage.ask("two");
    stage.settle();
    stage.pass(60);
    stage.spec = { ...stage.spec, strategy: "RollingUpdate" };
    stage.step();
    return stage;
  };

  test("is told after the deadline, which time alone shows, and clients stay where they are", () => {
    const stage = fromGreen();
    expect(stage.status?.moving).toEqual({ since: "2026-01-01T00:01:00.000Z" });
    expect(decide(stage.facts).lookAgainMs).toBe(30_001);
    stage.pass(30);
    expect(stage.status?.moving?.problem).toBeUndefined();
    expect(shown(stage.pass(1))).toBe("green 2, blue 2 -> green");
    expect(stage.status?.moving?.problem).toBe(
      "the new pods do not become ready within rollout.progressDeadlineSeconds",
    );
    stage.sides.blue = { ...stage.sides.blue!, trouble: "0/3 nodes are available" };
    stage.step();
    expect(stage.status?.moving?.problem).toBe("0/3 nodes are available");
    stage.sides.blue = { ...stage.sides.blue!, settled: true, ready: 3, trouble: undefined };
    stage.preview = { template: "two", passed: false, problem: "the MCP handshake was answered with HTTP 500" };
    stage.step();
    expect(stage.status?.moving?.problem).toBe("the MCP handshake was answered with HTTP 500");
  });

  test("is over when they do, late or not, or when the strategy is the one before again", () => {
    const late = fromGreen();
    late.pass(100);
    expect(shown(late.settle())).toBe("blue 2, green 2 -> blue");
    expect(late.status?.moving).toBeUndefined();
    const back = fromGreen();
    back.pass(100);
    back.spec = { ...back.spec, strategy: "BlueGreen" };
    expect(shown(back.step())).toBe("green 2 -> green");
    expect(back.status?.moving).toBeUndefined();
  });

  test("has a deadline in the other direction, too", () => {
    const stage = Stage.good({ progressDeadlineSeconds: 30 });
    stage.spec = { ...stage.spec, ...blueGreen };
    stage.step();
    expect(shown(stage.pass(31))).toBe("blue 1 -> all");
    expect(stage.status?.moving?.problem).toBeDefined();
    stage.settle();
    expect([stage.status?.track, stage.status?.moving]).toEqual(["blue", undefined]);
  });
});

describe("beforeUpgrade: Backup", () => {
  test.each(["RollingUpdate", "BlueGreen"] as const)(
    "with %s another image waits for a backup made for it",
    (strategy) => {
      const stage = Stage.good({ strategy, beforeUpgrade: "Backup" });
      const track = strategy === "BlueGreen" ? "blue" : "all";
      const waiting = stage.ask("two");
      expect([shown(waiting), waiting.bridgeImage, stage.history]).toEqual([
        `blue 1 -> ${track}`,
        "server:one",
        "1 Active, 2 Waiting",
      ]);
      const backup = { revision: 2, name: "team-before-2", message: "" };
      for (const state of ["Running", "Failed"] as const) {
        stage.backup = { ...backup, state };
        expect(shown(stage.pass(3600))).toBe(`blue 1 -> ${track}`);
      }
      stage.backup = { ...backup, revision: 1, state: "Succeeded" };
      expect(shown(stage.step())).toBe(`blue 1 -> ${track}`);
      stage.backup = { ...backup, state: "Succeeded" };
      expect(shown(stage.step())).toContain("2");
      stage.backup = undefined;
      stage.settle();
      expect(stage.status?.revision).toBe(2);
    },
  );

  test("what leaves the image as it is, and a way back, wait for none", () => {
    const stage = Stage.good({ beforeUpgrade: "Backup" });
    stage.wanted = { ...wantedOf("two"), image: "server:one" };
    expect(shown(stage.step())).toBe("blue 2 -> all");
    stage.settle();
    stage.undo = "1";
    expect(shown(stage.step())).toBe("blue 1 -> all");
  });

  test("whoever changes their mind waits no more", () => {
    const stage = Stage.good({ beforeUpgrade: "Backup" });
    stage.ask("two");
    stage.spec = { ...stage.spec, beforeUpgrade: "Nothing" };
    expect(shown(stage.step())).toBe("blue 2 -> all");
  });
});
