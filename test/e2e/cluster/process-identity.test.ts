import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { identify, isAlive, signal, startTimeOf } from "../../../e2e/cluster/process-identity.ts";

const fields = (state: string) => `${state} 1 10 10 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 2 3`;

describe("reading /proc/PID/stat", () => {
  test("the start time is found behind a command with spaces and brackets", () => {
    expect(startTimeOf(`42 (a) (b c) ${fields("S")}`)).toBe("987654");
  });

  test("a zombie counts as gone", () => {
    expect(startTimeOf(`42 (etcd) ${fields("Z")}`)).toBeUndefined();
  });
});

describe("a recorded process", () => {
  const children: ReturnType<typeof spawn>[] = [];
  const sleeper = () => {
    const child = spawn("sleep", ["60"]);
    children.push(child);
    return child;
  };

  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  test("is signalled while it is the same process", async () => {
    const child = sleeper();
    const identity = identify(child.pid!)!;
    const ended = once(child, "exit");
    expect(signal(identity, "SIGKILL")).toBe(true);
    await ended;
    expect(isAlive(identity)).toBe(false);
    expect(signal(identity, "SIGKILL")).toBe(false);
  });

  test("is left alone when its pid belongs to another process by now", () => {
    const child = sleeper();
    const identity = identify(child.pid!)!;
    expect(signal({ ...identity, startTime: `${identity.startTime}0` }, "SIGKILL")).toBe(false);
    expect(isAlive(identity)).toBe(true);
  });
});
