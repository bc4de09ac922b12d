import { describe, expect, test } from "vitest";
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
