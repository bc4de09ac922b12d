import { describe, expect, test } from "vitest";
import { LogOutput } from "../../logging/log-output.ts";

/** A reader with a pipe of so many bytes in between, which it empties when it reads. */
function pipe(capacity: number) {
  let [text, room, time, tries]: [string, number, number, number] = ["", capacity, 0, 0];
  let failure: string | undefined;
  let timers: { at: number; work: () => void }[] = [];
  let ends: (() => void)[] = [];
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
    soon: (work) => void ends.push(work),
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
    /** The end of a turn of the event loop. */
    turn() {
      const due = ends;
      ends = [];
      for (const work of due) work();
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
  test("has the lines of a turn of the event loop in one piece at its end", () => {
    const { output, text, tries, turn } = pipe(100);
    output.write("one\n");
    output.write("two\n");
    expect(text()).toBe("");
    turn();
    expect(text()).toBe("one\ntwo\n");
    expect(tries()).toBe(1);
    output.write("three\n");
    turn();
    expect(text()).toBe("one\ntwo\nthree\n");
    expect(tries()).toBe(2);
  });

  test("loses nothing when one turn logs more than may wait", () => {
    const { output, text, turn, lost } = pipe(10 * 1024 * 1024);
    const line = `${"x".repeat(1023)}\n`;
    for (let count = 0; count < 3 * 1024; count += 1) output.write(line);
    turn();
    expect(text()).toHaveLength(3 * 1024 * 1024);
    expect(lost).toEqual([]);
  });

  test("has the last turn's lines when the process ends within it", () => {
    const { output, text, turn } = pipe(100);
    output.write("one\n");
    output.finish();
    expect(text()).toBe("one\n");
    turn();
    expect(text()).toBe("one\n");
  });
});

describe("a reader that is behind", () => {
  test("gets every line in order, in the pieces that fit", () => {
    const { output, text, read, turn, pass, lost } = pipe(5);
    for (const line of ["one\n", "two\n", "three\n"]) output.write(line);
    turn();
    for (let turn = 0; turn < 3; turn += 1) {
      read();
      pass(50);
    }
    expect(text()).toBe("one\ntwo\nthree\n");
    expect(lost).toEqual([]);
  });

  test("costs one try each 50 ms, however much is logged", () => {
    const { output, tries, timers, turn, pass } = pipe(4);
    output.write("one\n");
    turn();
    for (let line = 0; line < 1_000; line += 1) {
      output.write("more\n");
      turn();
    }
    expect(tries()).toBe(2);
    pass(50);
    expect(tries()).toBe(3);
    expect(timers()).toBe(1);
  });

  test("finds the oldest mebibyte, and then is told how many lines are missing", () => {
    const { output, text, read, turn, pass, lost } = pipe(1024 * 1024);
    const line = `${"x".repeat(1023)}\n`;
    for (let count = 0; count < 1024; count += 1) output.write(line);
    turn();
    for (let count = 0; count < 1024 + 3; count += 1) output.write(line);
    turn();
    read();
    pass(50);
    expect(text()).toHaveLength(2 * 1024 * 1024);
    expect(lost).toEqual([3]);
    read();
    output.write("after\n");
    turn();
    expect(text().endsWith("\nafter\n")).toBe(true);
    expect(lost).toEqual([3]);
  });

  test("gets a line that is larger than all that may wait", () => {
    const { output, text, read, turn, pass, lost } = pipe(1024 * 1024);
    output.write(`${"x".repeat(3 * 1024 * 1024)}\n`);
    turn();
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
    const { output, tries, timers, turn, pass, fail } = pipe(100);
    const log = () => {
      output.write("lost\n");
      turn();
    };
    fail(code);
    for (let line = 0; line < 1_000; line += 1) log();
    expect(tries()).toBe(1);
    pass(999);
    log();
    expect(tries()).toBe(1);
    pass(1);
    log();
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
    const { output, text, fail, turn, pass, lost } = pipe(100);
    fail(code);
    for (const line of ["one\n", "two\n"]) output.write(line);
    turn();
    fail(undefined);
    pass(1_000);
    expect(lost).toEqual([]);
    output.write("three\n");
    turn();
    expect(text()).toBe("three\n");
    expect(lost).toEqual([2]);
  });
});
