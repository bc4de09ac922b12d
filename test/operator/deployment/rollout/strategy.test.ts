import { describe, expect, test } from "vitest";
import { decide } from "../../../../operator/deployment/rollout/decision.ts";
import { blueGreen, Stage, shown } from "./support.ts";

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
