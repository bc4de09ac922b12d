import { describe, expect, test } from "vitest";
import { LogOutput } from "../../logging/log-output.ts";

/** A reader with a pipe of so many bytes in between, which it empties when it reads. */
function pipe(capacity: number) {
  let [text, room, time, tries]: [string, number, number, number] = ["", capacity, 0, 0];
  let failure: string | undefined;
  let timers: { at: number; work: () => void }[] = [];
  const lost: number[] = [];
  const output = new LogOutput({
    write(bytes) {
      tries += 1;
      if (failure !== undefined) throw Object.assign(new Error(failure), { code: failure });
      if (room === 0) throw Object.assign(new Error("full"), { code: "EAGAIN" });
      const count = Math.min(room, bytes.length);
      text += Buffer.from(bytes.subarray(0, count)).toString("latin1");
      room -= count;
      return count;
    },
    now: () => time,
    later: (work, delayMs) => void timers.push({ at: time + delayMs, work }),
    pause: (delayMs) => {
      time += delayMs;
      duringPause();
    },
    onLost: (lines) => lost.push(lines),
  });
  let duringPause = (): void => undefined;
  return {
    output,
    lost,
    text: () => text,
    tries: () => tries,
    timers: () => timers.length,
    time: () => time,
    read: () => {
      room = capacity;
    },
    fail: (code: string | undefined) => {
      failure = code;
    },
    whilePaused: (work: () => void) => {
      duringPause = work;
    },
    pass(ms: number) {
      time += ms;
      const due = timers.filter(({ at }) => at <= time);
      timers = timers.filter(({ at }) => at > time);
      for (const { work } of due) work();
    },
  };
}

describe("a reader that keeps up", () => {
  test("has each line at once", () => {
    const { output, text, tries } = pipe(100);
    output.write("one\n");
    expect(text()).toBe("one\n");
    output.write("two\n");
    expect(text()).toBe("one\ntwo\n");
    expect(tries()).toBe(2);
  });
});

describe("a reader that is behind", () => {
  test("gets every line in order, in the pieces that fit", () => {
    const { output, text, read, pass, lost } = pipe(5);
    for (const line of ["one\n", "two\n", "three\n"]) output.write(line);
    for (let turn = 0; turn < 3; turn += 1) {
      read();
      pass(50);
    }
    expect(text()).toBe("one\ntwo\nthree\n");
    expect(lost).toEqual([]);
  });

  test("costs one try each 50 ms, however much is logged", () => {
    const { output, tries, timers, pass } = pipe(4);
    output.write("one\n");
    for (let line = 0; line < 1_000; line += 1) output.write("more\n");
    expect(tries()).toBe(2);
    pass(50);
    expect(tries()).toBe(3);
    expect(timers()).toBe(1);
  });

  test("finds the oldest mebibyte, and then is told how many lines are missing", () => {
    const { output, text, read, pass, lost } = pipe(1024 * 1024);
    const line = `${"x".repeat(1023)}\n`;
    for (let count = 0; count < 1024 + 1024 + 3; count += 1) output.write(line);
    read();
    pass(50);
    expect(text()).toHaveLength(2 * 1024 * 1024);
    expect(lost).toEqual([3]);
    read();
    output.write("after\n");
    expect(text().endsWith("\nafter\n")).toBe(true);
    expect(lost).toEqual([3]);
  });

  test("gets a line that is larger than all that may wait", () => {
    const { output, text, read, pass, lost } = pipe(1024 * 1024);
    output.write(`${"x".repeat(3 * 1024 * 1024)}\n`);
    for (let turn = 0; turn < 3; turn += 1) {
      read();
      pass(50);
    }
    expect(text()).toHaveLength(3 * 1024 * 1024 + 1);
    expect(lost).toEqual([]);
  });

  test("gets the rest at the end of the process, when it reads on", () => {
    const { output, text, read, whilePaused } = pipe(6);
    output.write("one\ntwo\nthree\n");
    whilePaused(read);
    output.finish();
    expect(text()).toBe("one\ntwo\nthree\n");
  });

  test("is not waited for longer than a second at the end", () => {
    const { output, text, time } = pipe(4);
    output.write("one\ntwo\n");
    output.finish();
    expect(text()).toBe("one\n");
    expect(time()).toBe(1_000);
  });
});

describe.each(["EPIPE", "EIO", "ENOSPC"])("a reader that is gone (%s)", (code) => {
  test("is looked for once a second", () => {
    const { output, tries, timers, pass, fail } = pipe(100);
    fail(code);
    for (let line = 0; line < 1_000; line += 1) output.write("lost\n");
    expect(tries()).toBe(1);
    pass(999);
    output.write("lost\n");
    expect(tries()).toBe(1);
    pass(1);
    output.write("lost\n");
    expect(tries()).toBe(2);
    expect(timers()).toBe(0);
  });

  test("is not waited for at the end", () => {
    const { output, fail, time } = pipe(4);
    output.write("one\ntwo\n");
    fail(code);
    output.finish();
    expect(time()).toBe(0);
  });

  test("is told, when it comes back, how many lines it has missed", () => {
    const { output, text, fail, pass, lost } = pipe(100);
    fail(code);
    for (const line of ["one\n", "two\n"]) output.write(line);
    fail(undefined);
    pass(1_000);
    expect(lost).toEqual([]);
    output.write("three\n");
    expect(text()).toBe("three\n");
    expect(lost).toEqual([2]);
  });
});
