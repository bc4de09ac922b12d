import { describe, expect, test, vi } from "vitest";
import { createProgress } from "../../machine/progress.mjs";

function recorder(isTTY: boolean) {
  let text = "";
  let time = 0;
  const stream = { isTTY, write: (piece: string) => (text += piece) };
  const steps = createProgress({ stream, now: () => time });
  return { steps, text: () => text, pass: (milliseconds: number) => (time += milliseconds) };
}

describe("a step", () => {
  test("ends with its outcome, name and elapsed time", async () => {
    const { steps, text, pass } = recorder(false);
    await steps.step("build", async () => pass(1_250));
    await steps.step("fetch", async ({ cached }) => cached());
    await expect(steps.step("test", () => Promise.reject(new Error("red")))).rejects.toThrow("red");
    expect(text()).toBe("done    build (1.3 s)\ncached  fetch (0.0 s)\nfailed  test (0.0 s)\n");
  });

  test("returns what its work returned", async () => {
    expect(await recorder(false).steps.step("add", async () => 3)).toBe(3);
  });

  test("that takes long says every 15 seconds how far it is", async () => {
    vi.useFakeTimers();
    try {
      const { steps, text, pass } = recorder(false);
      const step = steps.step("build", async ({ update }) => {
        update("7 of 9 packages");
        pass(15_000);
        await vi.advanceTimersByTimeAsync(15_000);
      });
      await step;
      expect(text()).toBe("        build (15.0 s): 7 of 9 packages\ndone    build (15.0 s)\n");
    } finally {
      vi.useRealTimers();
    }
  });

  test("rewrites its line on a terminal", async () => {
    vi.useFakeTimers();
    try {
      const { steps, text } = recorder(true);
      await steps.step("build", () => vi.advanceTimersByTimeAsync(2_000));
      expect(text().split("\n")).toHaveLength(2);
      expect(text().match(/\r/g)).toHaveLength(3);
    } finally {
      vi.useRealTimers();
    }
  });
});
