import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cached, cacheKey } from "../../machine/cache.ts";
import { cacheRoot } from "../../machine/cache-root.mjs";

describe("where the cache is", () => {
  test.each([
    [{ CCTELEGRAM_CACHE: "/c", XDG_CACHE_HOME: "/x" }, "/c"],
    [{ XDG_CACHE_HOME: "/x" }, "/x/cctelegram"],
    [{}, "/home/me/.cache/cctelegram"],
  ])("%j", (env, expected) => {
    expect(cacheRoot(env, "/home/me")).toBe(expected);
  });
});

test("a key changes when text moves from one input to the next", () => {
  expect(cacheKey(["ab", "c"])).not.toBe(cacheKey(["a", "bc"]));
  expect(cacheKey(["ab", "c"])).toBe(cacheKey(["ab", Buffer.from("c")]));
});

describe("a cache entry", () => {
  let root = "";
  const entry = (key: string, keep?: number) => ({
    root,
    kind: "kind",
    key,
    ...(keep === undefined ? {} : { keep }),
    build: async (folder: string) => writeFileSync(join(folder, "content"), key),
  });

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "cache-"));
  });

  afterEach(() => rmSync(root, { recursive: true }));

  test("is built once", async () => {
    expect(await cached(entry("a"))).toMatchObject({ hit: false });
    const again = { ...entry("a"), build: () => Promise.reject(new Error("built twice")) };
    expect(await cached(again)).toEqual({ folder: join(root, "kind", "a"), hit: true });
  });

  test("whose build fails leaves nothing", async () => {
    const failing = { ...entry("a"), build: () => Promise.reject(new Error("no compiler")) };
    await expect(cached(failing)).rejects.toThrow("no compiler");
    expect(readdirSync(join(root, "kind"))).toEqual([]);
  });

  test("that another process finished first is used", async () => {
    const slower = {
      ...entry("a"),
      build: async (folder: string) => {
        mkdirSync(join(root, "kind", "a"));
        writeFileSync(join(root, "kind", "a", "content"), "theirs");
        writeFileSync(join(folder, "content"), "mine");
      },
    };
    expect((await cached(slower)).folder).toBe(join(root, "kind", "a"));
    expect(readdirSync(join(root, "kind"))).toEqual(["a"]);
  });

  test("makes the ones that were used longest ago go", async () => {
    for (const [index, key] of ["a", "b", "c"].entries()) {
      await cached(entry(key));
      utimesSync(join(root, "kind", key), 1_000 + index, 1_000 + index);
    }
    await cached(entry("a"));
    await cached(entry("d"));
    expect(readdirSync(join(root, "kind")).sort()).toEqual(["a", "c", "d"]);
    await cached(entry("e", 1));
    expect(readdirSync(join(root, "kind"))).toEqual(["e"]);
  });

  test("removes what a killed build left, not what a running one writes", async () => {
    const dead = join(root, "kind", ".unfinished-4194304-x");
    const running = join(root, "kind", `.unfinished-${process.ppid}-y`);
    for (const folder of [dead, running]) mkdirSync(folder, { recursive: true });
    await cached(entry("a"));
    expect([existsSync(dead), existsSync(running)]).toEqual([false, true]);
  });
});
