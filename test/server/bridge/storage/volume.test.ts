import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fileSystemOf, Volume, type VolumeSize } from "../../../../server/bridge/storage/volume.ts";

const hour = 3_600_000;

function watched(size: () => VolumeSize) {
  let at = 0;
  const volume = new Volume({ now: () => at, read: size });
  return (ms: number) => {
    at = ms;
    return volume.status();
  };
}

describe("a volume", () => {
  test("tells how fast it fills after an hour, per day", () => {
    let free = 1_000;
    const at = watched(() => ({ size_bytes: 2_000, free_bytes: free }));
    expect(at(0)).toEqual({ size_bytes: 2_000, free_bytes: 1_000 });
    free = 990;
    expect(at(hour - 1)?.growth_bytes_per_day).toBeUndefined();
    expect(at(2 * hour)?.growth_bytes_per_day).toBe(120);
    free = 1_500;
    expect(at(3 * hour)?.growth_bytes_per_day).toBe(0);
  });

  test("remembers a day, and forgets what was before it was grown", () => {
    let size = { size_bytes: 10_000, free_bytes: 9_000 };
    const at = watched(() => size);
    for (let hours = 0; hours <= 48; hours += 1) {
      // It fills fast on the first day only.
      if (hours < 24) size = { ...size, free_bytes: size.free_bytes - 100 };
      at(hours * hour);
      at(hours * hour + hour / 2);
    }
    expect(at(49 * hour)?.growth_bytes_per_day).toBe(0);
    size = { size_bytes: 20_000, free_bytes: 16_000 };
    expect(at(50 * hour)).toEqual(size);
  });

  test("that does not answer is left out, and heard again", () => {
    let fails = true;
    const at = watched(() => {
      if (fails) throw new Error("stale handle");
      return { size_bytes: 2, free_bytes: 1 };
    });
    expect(at(0)).toBeUndefined();
    fails = false;
    expect(at(1)).toEqual({ size_bytes: 2, free_bytes: 1 });
  });

  test("is asked at most every five seconds", () => {
    let asked = 0;
    const at = watched(() => {
      asked += 1;
      return { size_bytes: 2, free_bytes: 1 };
    });
    for (let ms = 0; ms < 10_000; ms += 100) at(ms);
    expect(asked).toBe(2);
  });

  test("of a real folder has a size", () => {
    const folder = mkdtempSync(join(tmpdir(), "volume-"));
    const { size_bytes, free_bytes } = fileSystemOf(folder)();
    rmSync(folder, { recursive: true });
    expect(size_bytes).toBeGreaterThan(0);
    expect(free_bytes).toBeLessThanOrEqual(size_bytes);
  });
});
