import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { getHeapSnapshot } from "node:v8";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freeBytes, type HeapSnapshotOptions, writeHeapSnapshot } from "../../../server/process/heap-snapshot.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "heap-"));
});
afterEach(() => rm(directory, { recursive: true }));

let time = Date.parse("2026-01-01T00:00:00Z");
const write = (options: Partial<HeapSnapshotOptions> = {}) =>
  writeHeapSnapshot({
    directory,
    instance: "mcp-01",
    pid: 7,
    clock: () => (time += 1000),
    heapBytes: () => 0,
    snapshot: () => Readable.from(["{}"]),
    freeBytes,
    freeMemory: () => 2 ** 40,
    signal: new AbortController().signal,
    ...options,
  });

describe("a snapshot of the heap", () => {
  test("is what V8 writes, for the owner alone, and no part of it stays behind", async () => {
    const path = await write({ snapshot: () => getHeapSnapshot() });
    expect(JSON.parse(await readFile(path, "utf8"))).toHaveProperty("snapshot.meta");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual([path.slice(directory.length + 1)]);
  });

  test("has a name that no instance leads out of the folder", async () => {
    const path = await write({ instance: "../../etc/passwd" });
    expect(path.startsWith(`${directory}/.._.._etc_passwd-7-`)).toBe(true);
  });

  test("is refused when there are three, and what is there stays", async () => {
    const paths = [await write(), await write(), await write()];
    await expect(write()).rejects.toThrow(`there are 3 in ${directory} already; delete one`);
    expect((await readdir(directory)).map((name) => join(directory, name)).toSorted()).toEqual(paths.toSorted());
    await rm(paths[0] ?? "");
    await expect(write()).resolves.toContain(directory);
  });

  test("one that a crash left half written takes a place, too", async () => {
    await writeFile(join(directory, "a.heapsnapshot.partial"), "");
    await write();
    await write();
    await expect(write()).rejects.toThrow("there are 3");
  });

  test("two processes at the last place do not make four", async () => {
    await write();
    await write();
    await Promise.allSettled([write({ pid: 8 }), write({ pid: 9 })]);
    expect((await readdir(directory)).length).toBeLessThanOrEqual(3);
    expect((await readdir(directory)).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  test("is refused without space for it, before V8 looks at the heap", async () => {
    const snapshot = () => {
      throw new Error("V8 was asked");
    };
    const full = { heapBytes: () => 100 * 2 ** 20, freeBytes: async () => 2 ** 20, snapshot };
    await expect(write(full)).rejects.toThrow(`${directory} has 1 MiB left, and 264 MiB are needed`);
    expect(await readdir(directory)).toEqual([]);
  });

  test("is refused without memory for it: the process would be killed", async () => {
    const full = { heapBytes: () => 50 * 2 ** 20, freeMemory: () => 512 * 2 ** 20 };
    const reason = "this process has memory of 512 MiB left, and 800 MiB are needed; raise its limit";
    await expect(write(full)).rejects.toThrow(reason);
    expect(await readdir(directory)).toEqual([]);
  });

  test("leaves nothing when the disk fills up meanwhile", async () => {
    const snapshot = () =>
      new Readable({
        read() {
          this.destroy(Object.assign(new Error("no space"), { code: "ENOSPC" }));
        },
      });
    await expect(write({ snapshot })).rejects.toThrow(`there is not enough space in ${directory}`);
    expect(await readdir(directory)).toEqual([]);
  });

  test("leaves nothing when the process ends meanwhile", async () => {
    const ending = new AbortController();
    const snapshot = () =>
      new Readable({
        read() {
          this.push("{");
          ending.abort();
        },
      });
    await expect(write({ snapshot, signal: ending.signal })).rejects.toThrow("aborted");
    expect(await readdir(directory)).toEqual([]);
  });

  test("is not written where there is no folder, or a file", async () => {
    const absent = join(directory, "absent");
    await expect(write({ directory: absent })).rejects.toThrow(`${absent} cannot be written (ENOENT); make it`);
    const file = join(directory, "file");
    await writeFile(file, "");
    await expect(write({ directory: file })).rejects.toThrow(`${file} is not a folder`);
  });

  test("is not written where the system takes no files", async () => {
    await expect(write({ directory: "/proc/self/net" })).rejects.toThrow(
      /cannot be written \(E(ACCES|ROFS|PERM|NOENT)\)|MiB left/,
    );
  });

  test("is not written into the volume of a Secret, by whatever path", async () => {
    const volume = join(directory, "secret");
    await mkdir(join(volume, "..2026_01", "sub"), { recursive: true });
    await symlink("..2026_01", join(volume, "..data"));
    await symlink(volume, join(directory, "harmless"));
    for (const named of [volume, join(volume, "..data"), join(volume, "..data/sub"), join(directory, "harmless")]) {
      await expect(write({ directory: named })).rejects.toThrow("is the volume of a Secret or ConfigMap");
    }
    expect(await readdir(join(volume, "..2026_01"))).toEqual(["sub"]);
  });
});
