import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { together, waitFor } from "../../../e2e/cluster/wait.ts";

describe("waiting", () => {
  test("ends with the first answer", async () => {
    const answers = [undefined, false, "ready"] as const;
    let asked = 0;
    expect(await waitFor(() => answers[asked++], { what: "it", timeoutMs: 5_000, everyMs: 1 })).toBe("ready");
    expect(asked).toBe(3);
  });

  test("says what it waited for in vain", async () => {
    const never = waitFor(() => false, { what: "the moon", timeoutMs: 10, everyMs: 1 });
    await expect(never).rejects.toThrow("timed out after 0.01 s waiting for the moon");
  });

  test("ends when what it waits for can no longer come", async () => {
    const gone = () => {
      throw new Error("it died");
    };
    await expect(waitFor(gone, { what: "it", timeoutMs: 5_000 })).rejects.toThrow("it died");
  });
});

describe("tasks side by side", () => {
  test("give all their results", async () => {
    expect(
      await together(
        async () => 1,
        async () => "two",
      ),
    ).toEqual([1, "two"]);
  });

  test("that one fails stop the others, and end before the failure is thrown", async () => {
    let ended = false;
    const slow = async (signal: AbortSignal) => {
      await waitFor(() => false, { what: "nothing", timeoutMs: 60_000, everyMs: 1, signal }).catch(() => undefined);
      await delay(5);
      ended = true;
    };
    await expect(together(slow, () => Promise.reject(new Error("no certificates")))).rejects.toThrow("no certificates");
    expect(ended).toBe(true);
  });
});
