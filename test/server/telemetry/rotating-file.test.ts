import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FileNews, RotatingFile, type RotatingFileOptions } from "../../../server/telemetry/rotating-file.ts";
import { stamps } from "../../../server/telemetry/rotation.ts";

let folder: string;
let path: string;
let now: number;
let news: FileNews[];
const open: RotatingFile[] = [];
let time = Date.UTC(2026, 0, 1);
const clock = () => {
  time += 1000;
  return time;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "log-"));
  path = join(folder, "application.log");
  now = 0;
  news = [];
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((file) => file.close()));
  await rm(folder, { recursive: true, force: true });
});

async function opened(options: Partial<RotatingFileOptions> = {}): Promise<RotatingFile> {
  const onChange = (change: FileNews) => void news.push(change);
  const stamp = stamps(`${open.length}`.padStart(6, "0"), clock);
  const file = new RotatingFile({ path, stamp, maxBytes: 1024, maxFiles: 3, now: () => now, onChange, ...options });
  await file.open();
  open.push(file);
  return file;
}

const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `line ${from + index}`);

/** Line by line, each in a turn of its own. */
async function writeEach(file: RotatingFile, lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    file.write(`${line}\n`);
    await file.settled();
  }
}

/** The oldest first. */
const names = async () => [...(await readdir(folder)).sort().slice(1), "application.log"];
const linesOf = async (name: string) => (await readFile(join(folder, name), "utf8")).split("\n").slice(0, -1);
const modeOf = async (name: string) => ((await stat(join(folder, name))).mode & 0o777).toString(8);

describe("a rotating file", () => {
  test("keeps the newest lines in so many files, each within its size", async () => {
    await writeEach(await opened({ maxBytes: 40 }), numbered(10, 40));
    const kept = await Promise.all((await names()).map(linesOf));
    expect(kept.map(({ length }) => length)).toEqual([5, 5, 5]);
    expect(kept.flat()).toEqual(numbered(25, 40));
    expect(news).toEqual([]);
  });

  test("writes the lines of one turn in order, also when they fill several files", async () => {
    const file = await opened({ maxBytes: 40, maxFiles: 10 });
    for (const line of numbered(10, 40)) file.write(`${line}\n`);
    await file.settled();
    expect((await Promise.all((await names()).map(linesOf))).flat()).toEqual(numbered(10, 40));
  });

  test("with one file begins anew when it is full", async () => {
    await writeEach(await opened({ maxBytes: 40, maxFiles: 1 }), numbered(10, 17));
    expect(await readdir(folder)).toEqual(["application.log"]);
    expect(await linesOf("application.log")).toEqual(numbered(15, 17));
  });

  test("goes on with the file of the run before, and deletes what is too much when fewer are kept", async () => {
    await writeEach(await opened({ maxBytes: 40, maxFiles: 9 }), numbered(10, 40));
    await writeFile(join(folder, "application.log.gz"), "of somebody else");
    await writeEach(await opened({ maxBytes: 40, maxFiles: 2 }), ["line 40"]);
    await rm(join(folder, "application.log.gz"));
    const kept = await Promise.all((await names()).map(linesOf));
    expect(kept).toEqual([numbered(35, 40), ["line 40"]]);
  });

  test("is for its user alone, also if it was not before", async () => {
    await writeFile(path, "before\n");
    await chmod(path, 0o666);
    await writeEach(await opened({ maxBytes: 10 }), ["a line", "another"]);
    expect(await Promise.all((await names()).map(modeOf))).toEqual(["600", "600", "600"]);
  });

  test("begins a line of its own behind half a line", async () => {
    await writeFile(path, "whole\nhal");
    await writeEach(await opened(), ["next"]);
    expect(await linesOf("application.log")).toEqual(["whole", "hal", "next"]);
  });

  test.each([
    ["is removed", () => rm(path), ["second"]],
    ["is renamed, as logrotate does", () => rename(path, join(folder, "old")), ["second"]],
    ["is emptied, as logrotate does with copytruncate", () => writeFile(path, ""), ["second"]],
  ])("is written on when it %s", async (_what, happen, expected) => {
    const file = await opened();
    await writeEach(file, ["first"]);
    await happen();
    await writeEach(file, ["second"]);
    expect(await linesOf("application.log")).toEqual(expected);
    expect(news).toEqual([]);
  });

  test("tells once that it cannot be written, and once that it can again", async () => {
    const file = await opened();
    await rm(folder, { recursive: true });
    await writeEach(file, numbered(0, 5));
    now += 60_000;
    await writeEach(file, numbered(5, 10));
    expect(news).toEqual([{ reason: "ENOENT" }]);
    await mkdir(folder);
    now += 60_000;
    await writeEach(file, ["back"]);
    expect(news).toEqual([{ reason: "ENOENT" }, { lines: 10 }]);
    expect(await linesOf("application.log")).toEqual(["back"]);
  });

  test("keeps a bounded number of bytes waiting, and counts the rest", async () => {
    const file = await opened({ maxBytes: 1024 ** 3 });
    const line = `${"x".repeat(1023)}\n`;
    for (let count = 0; count < 1030; count++) file.write(line);
    await file.settled();
    expect((await stat(path)).size).toBe(1024 ** 2);
    expect(news).toEqual([{ lines: 6 }]);
  });

  test("writes what waits when its process ends at once", async () => {
    const file = await opened();
    file.write("last words\n");
    file.finish();
    expect(await linesOf("application.log")).toEqual(["last words"]);
  });

  test.each([
    ["a symbolic link", () => symlink("/etc/passwd", path), "ELOOP"],
    ["a directory", () => mkdir(path), "EISDIR"],
    ["a pipe", async () => void execFileSync("mkfifo", [path]), "EINVAL"],
  ])("is never %s", async (_what, make, code) => {
    await make();
    await expect(opened()).rejects.toMatchObject({ code });
  });

  test("two that write to the same path lose no line and tear none", async () => {
    const files = [await opened({ maxBytes: 300, maxFiles: 900 }), await opened({ maxBytes: 300, maxFiles: 900 })];
    const lines = (index: number) => numbered(100, 400).map((line) => `${index} ${line}`);
    await Promise.all(files.map((file, index) => writeEach(file, lines(index))));
    const written = (await Promise.all((await readdir(folder)).map(linesOf))).flat();
    expect(written.sort()).toEqual([...lines(0), ...lines(1)].sort());
    expect(news).toEqual([]);
  });
});
