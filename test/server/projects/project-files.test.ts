import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LONGEST_FILE, ProjectFiles } from "../../../server/projects/project-files.ts";

let base: string;
let root: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "projects-"));
  root = join(base, "root");
  await mkdir(root);
  await put("secret/tasks.json", "secret");
});

afterEach(() => rm(base, { recursive: true, force: true }));

async function put(path: string, text: string): Promise<string> {
  const full = join(base, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, text);
  return full;
}

const files = (...roots: string[]) => new ProjectFiles({ roots: roots.length > 0 ? roots : [root], home: base });
const outside = { kind: "refused", reason: expect.stringContaining("not below a folder of CC_TELEGRAM_PROJECT_ROOTS") };

describe("a file of a project", () => {
  test("is read below a root, by an absolute path, a relative one, or that of the root itself", async () => {
    const path = await put("root/team/app/tasks.json", "[1]");
    const found = { kind: "read", text: "[1]", path };
    expect(await files().ofProject(join(root, "team/app"), "tasks.json")).toMatchObject(found);
    expect(await files().ofProject("team/app", "tasks.json")).toMatchObject(found);
    expect(await files().ofProject(undefined, "team/app/tasks.json")).toMatchObject(found);
    expect(await files(join(base, "secret"), root).ofProject(join(root, "team/app"), "tasks.json")).toMatchObject(
      found,
    );
  });

  test("is absent when it is not there, or its project is not", async () => {
    expect(await files().ofProject("nowhere", "tasks.json")).toEqual({ kind: "absent" });
    expect(await files().ofProject(undefined, "tasks.json")).toEqual({ kind: "absent" });
  });

  test.each([
    ["an absolute path outside", () => join(base, "secret")],
    ["the way up", () => "../secret"],
    ["the way up inside of a path", () => "a/../../secret"],
    ["a neighbour whose name begins like the root's", () => `${root}-more`],
    ["/proc", () => "/proc/self"],
    ["the root of all files", () => "/"],
  ])("is refused by %s", async (_name, project) => {
    await put("root-more/tasks.json", "secret");
    expect(await files().ofProject(project(), "tasks.json")).toEqual(outside);
  });

  test("is told neither there nor absent outside of the roots", async () => {
    expect(await files().ofProject(join(base, "secret"), "tasks.json")).toEqual(outside);
    expect(await files().ofProject(join(base, "secret"), "nothing.json")).toEqual(outside);
    expect(await files().ofProject(join(base, "nowhere"), "nothing.json")).toEqual(outside);
  });

  test("is refused when a symbolic link leads out: the project, a folder in it, or the file", async () => {
    await symlink(join(base, "secret"), join(root, "project"));
    await mkdir(join(root, "other"));
    await symlink(join(base, "secret"), join(root, "other/.taskmaster"));
    await symlink(join(base, "secret/tasks.json"), join(root, "other/tasks.json"));
    expect(await files().ofProject("project", "tasks.json")).toEqual(outside);
    expect(await files().ofProject("other", ".taskmaster", "tasks.json")).toEqual(outside);
    expect(await files().ofProject("other", "tasks.json")).toEqual(outside);
  });

  test("is read through a link that stays below the root, and below a root that is a link itself", async () => {
    await put("root/real/tasks.json", "[]");
    await symlink(join(root, "real"), join(root, "project"));
    await symlink(root, join(base, "link"));
    expect(await files().ofProject("project", "tasks.json")).toMatchObject({ kind: "read" });
    expect(await files(join(base, "link")).ofProject("real", "tasks.json")).toMatchObject({ kind: "read" });
  });

  test("is refused when it is a FIFO, a folder or a device, without waiting for anything", async () => {
    execFileSync("mkfifo", [join(root, "fifo")]);
    await mkdir(join(root, "folder"));
    const irregular = { kind: "refused", reason: "it is no regular file" };
    expect(await files().ofProject(undefined, "fifo")).toEqual(irregular);
    expect(await files().ofProject(undefined, "folder")).toEqual(irregular);
    expect(await files("/dev").ofProject(undefined, "zero")).toEqual(irregular);
  });

  test("is refused when it is too long, also when it says that it is empty", async () => {
    await put("root/longest", "");
    await truncate(join(root, "longest"), LONGEST_FILE);
    await put("root/longer", "");
    await truncate(join(root, "longer"), LONGEST_FILE + 1);
    expect(await files().ofProject(undefined, "longest")).toMatchObject({ kind: "read" });
    expect(await files().ofProject(undefined, "longer")).toEqual({ kind: "refused", reason: "it has more than 4 MiB" });
    // Its size is 0.
    expect(await files("/proc/self").ofProject(undefined, "pagemap")).toMatchObject({ kind: "refused" });
  });

  test("is refused when it may not be read, or a path is none", async () => {
    const path = await put("root/closed", "[]");
    await chmod(path, 0);
    // Root reads everything.
    if (process.getuid?.() !== 0)
      expect(await files().ofProject(undefined, "closed")).toMatchObject({ kind: "refused" });
    expect(await files().ofProject("a\0b", "tasks.json")).toEqual({ kind: "refused", reason: "it is no path" });
    await symlink(join(root, "loop"), join(root, "loop"));
    expect(await files().ofProject("loop", "tasks.json")).toMatchObject({ kind: "refused" });
    expect(await files().ofProject("x".repeat(500), "tasks.json")).toMatchObject({ kind: "refused" });
  });
});

test("without roots nothing is read, and a working directory of / is no root", async () => {
  const none = new ProjectFiles({ roots: [], home: base });
  expect(await none.ofProject(base, "secret/tasks.json")).toMatchObject({ kind: "refused" });
  const before = process.cwd();
  try {
    process.chdir("/");
    expect(await files(".").ofProject(base, "secret/tasks.json")).toEqual(outside);
    process.chdir(root);
    await put("root/tasks.json", "[]");
    expect(await files(".").ofProject(undefined, "tasks.json")).toMatchObject({ kind: "read" });
    expect(await files(".").ofProject(base, "secret/tasks.json")).toEqual(outside);
  } finally {
    process.chdir(before);
  }
});

test("files in the home directory are there where it is below a root", async () => {
  await put(".claude/todos.json", "[]");
  expect(await files().ofHome(".claude", "todos.json")).toEqual({ kind: "absent" });
  expect(await files(base).ofHome(".claude", "todos.json")).toMatchObject({ kind: "read" });
  expect(await new ProjectFiles({ roots: [base], home: undefined }).ofHome("x")).toEqual({ kind: "absent" });
});
