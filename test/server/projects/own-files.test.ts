import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OwnFiles } from "../../../server/projects/own-files.ts";
import { ProjectFiles } from "../../../server/projects/project-files.ts";

let base: string;
let root: string;
let files: OwnFiles;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "own-"));
  root = join(base, "root");
  await mkdir(join(root, "data"), { recursive: true });
  await mkdir(join(root, "database"));
  files = ownFiles([root]);
});

afterEach(() => rm(base, { recursive: true, force: true }));

const ownFiles = (roots: readonly string[]) =>
  new OwnFiles({
    projects: new ProjectFiles({ roots, home: base }),
    folders: [join(root, "data"), join(base, "never-made")],
    secrets: ["a-very-secret-key", "short"],
  });

async function put(path: string, content: string | Uint8Array): Promise<string> {
  const full = join(base, path);
  await writeFile(full, content);
  return full;
}

test("a file of a project is read byte by byte, also beside a folder of the program", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  expect([...(await files.read(await put("root/all.bin", bytes)))]).toEqual([...bytes]);
  expect(String(await files.read(await put("root/database/a.txt", "short")))).toBe("short");
});

test("what is outside is refused, also by a link or the way up, and nobody learns whether it is there", async () => {
  const outside = await put("secret.txt", "x");
  await symlink(outside, join(root, "link.txt"));
  for (const path of [
    outside,
    join(base, "none.txt"),
    join(root, "link.txt"),
    `${root}/../secret.txt`,
    "/etc/passwd",
  ]) {
    await expect(files.read(path)).rejects.toThrow("not below a folder of CC_TELEGRAM_PROJECT_ROOTS");
  }
  await expect(ownFiles([]).read(outside)).rejects.toThrow("names no folder");
});

test("the program's own state is refused, also by a link, and so is a file with its key, whatever it is called", async () => {
  const queue = await put("root/data/queue.sqlite", "rows");
  await symlink(queue, join(root, "harmless.txt"));
  for (const path of [queue, join(root, "harmless.txt")]) {
    await expect(files.read(path)).rejects.toThrow("it is a file of this program itself");
  }
  const configuration = await put("root/.mcp.json", '{"X-API-Key": "a-very-secret-key"}');
  await expect(files.read(configuration)).rejects.toThrow("a key of this program is in it");
});

test.each([
  ["a folder", () => join(root, "database"), "no regular file"],
  ["none", () => join(root, "none.txt"), "there is no such file"],
  ["a relative path", () => "root/a.txt", "no absolute path"],
  ["an empty file", () => put("root/empty.txt", ""), "it is empty"],
  ["a file that is too large", () => put("root/large.bin", "x".repeat(160 * 1024 + 1)), "more than 160 KiB"],
])("%s is refused in words that say why", async (_what, path, problem) => {
  await expect(files.read(await path())).rejects.toThrow(problem);
});
