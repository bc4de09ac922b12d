import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeDirectory } from "../../../server/process/directory.ts";
import { scratch } from "../bridge/support.ts";

test("programs that start at once make a directory together", async () => {
  await using folder = await scratch();
  for (let round = 0; round < 20; round += 1) {
    const path = join(folder.path, `${round}`, "logs", "cctelegram");
    await Promise.all(Array.from({ length: 20 }, () => makeDirectory(path)));
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  }
});

test("a file in its place is an error, and stays", async () => {
  await using folder = await scratch();
  const path = join(folder.path, "logs");
  await writeFile(path, "a file");
  await expect(makeDirectory(path)).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeDirectory(join(path, "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
  expect((await stat(path)).isFile()).toBe(true);
});
