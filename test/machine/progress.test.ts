import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createProgress, type StepControl } from "../../machine/progress.mjs";
import { Terminal } from "./terminal.ts";

/** Time passes for the steps and their timers together. */
let time = 0;
async function pass(milliseconds: number): Promise<void> {
  const end = time + milliseconds;
  while (time < end) {
    const piece = Math.min(250, end - time);
    time += piece;
    await vi.advanceTimersByTimeAsync(piece);
  }
}

beforeEach(() => {
  time = 0;
  vi.useFakeTimers();
});

afterEach(() => void vi.useRealTimers());

function inLog(stream: { isTTY?: boolean } = {}, env: NodeJS.ProcessEnv = {}) {
  let text = "";
  const steps = createProgress({ stream: { ...stream, write: (piece) => (text += piece) }, now: () => time, env });
  return { steps, text: () => text };
}

function onTerminal(terminal: Terminal, env: NodeJS.ProcessEnv = {}) {
  return createProgress({ stream: terminal, now: () => time, env });
}

/** A step that runs until the test ends it. */
function begin(steps: ReturnType<typeof createProgress>, name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let control: StepControl | undefined;
  const ended = steps.step(name, (given) => {
    control = given;
    return promise;
  });
  const end = async () => {
    resolve();
    await ended;
  };
  const fail = async () => {
    reject(new Error("red"));
    await ended.catch(() => undefined);
  };
  return { ...(control as unknown as StepControl), end, fail };
}

describe("a step", () => {
  test("ends with its outcome, name and elapsed time", async () => {
    const { steps, text } = inLog();
    await steps.step("build", () => pass(1_250));
    await steps.step("fetch", async ({ cached }) => cached());
    await expect(steps.step("test", () => Promise.reject(new Error("red")))).rejects.toThrow("red");
    await steps.step("compile", () => pass(61_000));
    expect(text()).toMatch(/^done {4}build \(1\.3 s\)\ncached {2}fetch \(0\.0 s\)\nfailed {2}test \(0\.0 s\)\n/);
    expect(text()).toMatch(/done {4}compile \(1 min 1 s\)\n$/);
  });

  test("that fails because the program is being ended is not called a failure", async () => {
    const { steps, text } = inLog();
    steps.stopping();
    await steps.step("compile", () => Promise.reject(new Error("SIGINT"))).catch(() => undefined);
    expect(text()).toBe("stopped compile (0.0 s)\n");
  });

  test("returns what its work returned", async () => {
    expect(await inLog().steps.step("add", async () => 3)).toBe(3);
  });
});

describe("in a log", () => {
  test("one line after 30 s of silence names everything that runs", async () => {
    const { steps, text } = inLog();
    const compile = begin(steps, "compile");
    compile.reached(0.25, "7 of 28 packages");
    const packages = begin(steps, "packages");
    await pass(29_000);
    expect(text()).toBe("");
    await pass(32_000);
    expect(text()).toBe(
      "        compile 25% (30.0 s, about 2 min left): 7 of 28 packages | packages (30.0 s)\n" +
        "        compile 25% (1 min 0 s, about 3 min left): 7 of 28 packages | packages (1 min 0 s)\n",
    );
    await compile.end();
    await packages.fail();
    expect(text()).toMatch(/done {4}compile \(1 min 1 s\)\nfailed {2}packages \(1 min 1 s\)\n$/);
  });

  test("other lines count as a sign of life", async () => {
    const { steps, text } = inLog();
    const compile = begin(steps, "compile");
    await pass(20_000);
    steps.note("a message");
    await pass(20_000);
    expect(text()).toBe("a message\n");
    await compile.end();
  });

  test.each([
    ["continuous integration, which shows a terminal", { isTTY: true }, { CI: "true" }],
    ["a terminal that cannot move its cursor", { isTTY: true }, { TERM: "dumb" }],
    ["a file", {}, {}],
  ])("nothing moves a cursor: %s", async (_, stream, env) => {
    const { steps, text } = inLog(stream, env);
    const step = begin(steps, "compile");
    await pass(40_000);
    await step.end();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there.
    expect(text()).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  });
});

describe("on a terminal", () => {
  test("every running step has a line of its own below those that have ended", async () => {
    const terminal = new Terminal(80);
    const steps = onTerminal(terminal);
    const compile = begin(steps, "compile");
    const packages = begin(steps, "packages");
    compile.reached(0.5);
    await pass(4_000);
    expect(terminal.text()).toBe("        compile 50% (4.0 s, a few seconds left)\n        packages (4.0 s)");
    await packages.end();
    expect(terminal.text()).toBe("done    packages (4.0 s)\n        compile 50% (4.0 s, a few seconds left)");
    steps.note("Telegram received:\n{}");
    await pass(1_000);
    await compile.end();
    expect(terminal.text()).toBe("done    packages (4.0 s)\nTelegram received:\n{}\ndone    compile (5.0 s)");
  });

  test.each([20, 33, 200])("a width of %i leaves one row for each running step", async (columns) => {
    const terminal = new Terminal(columns);
    const steps = onTerminal(terminal);
    const step = begin(steps, "compile");
    const other = begin(steps, "link");
    step.update("k8s.io/kubernetes/pkg/kubelet/apis/config/validation ".repeat(3));
    await pass(3_000);
    expect(terminal.text().split("\n")).toHaveLength(2);
    await step.end();
    await other.end();
    expect(terminal.text().replaceAll("\n", "")).toBe("done    compile (3.0 s)done    link (3.0 s)");
  });

  test("a window that is made narrower and wider while steps run keeps no rests of lines", async () => {
    const terminal = new Terminal(100);
    const steps = onTerminal(terminal);
    const step = begin(steps, "compile");
    const other = begin(steps, "link");
    step.update("a detail that fills more than forty columns of the terminal");
    await pass(1_000);
    terminal.resize(40);
    await pass(1_000);
    expect(terminal.text().split("\n")).toHaveLength(2);
    terminal.resize(120);
    await pass(1_000);
    await step.end();
    await other.end();
    expect(terminal.text()).toBe("done    compile (3.0 s)\ndone    link (3.0 s)");
  });

  test("more steps than rows do not scroll", async () => {
    const terminal = new Terminal(80, 4);
    const steps = onTerminal(terminal);
    const running = ["a", "b", "c", "d", "e", "f"].map((name) => begin(steps, name));
    await pass(2_000);
    expect(terminal.text().split("\n")).toHaveLength(3);
    for (const { end } of running) await end();
    expect(terminal.text().split("\n")).toHaveLength(6);
  });

  test("there is no colour", async () => {
    let text = "";
    const steps = createProgress({
      stream: { isTTY: true, columns: 80, rows: 24, write: (piece) => (text += piece) },
      now: () => time,
      env: {},
    });
    const step = begin(steps, "compile");
    await pass(1_000);
    await step.end();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: SGR sequences are what colours are made of.
    expect(text).not.toMatch(/\x1b\[[\d;]*m/);
  });
});

test("how long a step took is kept, unless it failed or was cached", async () => {
  const kept: [string, number][] = [];
  const durations = { typical: () => undefined, record: (name: string, ms: number) => void kept.push([name, ms]) };
  const steps = createProgress({ stream: { write: () => true }, now: () => time, env: {}, durations });
  await steps.step("build", () => pass(4_000));
  await steps.step("hit", async ({ cached }) => cached());
  await steps.step("bad", () => Promise.reject(new Error("red"))).catch(() => undefined);
  expect(kept).toEqual([["build", 4_000]]);
});
