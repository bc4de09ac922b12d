import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSeal } from "../../../server/mcp/seal.ts";
import { FollowedSecrets } from "../../../server/process/followed-secrets.ts";

const [old, young] = ["the-old-secret-of-at-least-32-characters", "the-new-secret-of-at-least-32-characters"];

let folder: string;
const lines: string[] = [];
const logger = {
  info: (...line: unknown[]) => void lines.push(JSON.stringify(line)),
  error: (...line: unknown[]) => void lines.push(JSON.stringify(line)),
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "secrets-"));
  lines.length = 0;
});
afterEach(() => rm(folder, { recursive: true }));

const at = (name: string) => join(folder, name);
const followed = (secret = old) =>
  new FollowedSecrets(
    { secret, path: at("secret"), beside: [{ path: at("previous") }, { path: at("next") }] },
    { logger },
  );

test("the files are read again: what is beside counts, and the first one signs", async () => {
  const secrets = followed();
  await writeFile(at("secret"), `${old}\n`);
  await writeFile(at("next"), young);
  secrets.look();
  expect(secrets).toMatchObject({ current: old, all: [old, young] });
  await writeFile(at("secret"), young);
  await writeFile(at("previous"), old);
  await rm(at("next"));
  secrets.look();
  expect(secrets).toMatchObject({ current: young, all: [young, old] });
  await rm(at("previous"));
  secrets.look();
  expect(secrets).toMatchObject({ current: young, all: [young] });
  secrets.close();
});

test("a file that is gone, empty or too short leaves the secret that signs, and is told once, without a word of it", async () => {
  const secrets = followed();
  for (const text of [undefined, "", young.slice(0, 31), young.slice(0, 31)]) {
    if (text !== undefined) await writeFile(at("secret"), text);
    await writeFile(at("next"), text ?? "");
    secrets.look();
    expect(secrets).toMatchObject({ current: old, all: [old] });
  }
  expect(lines).toHaveLength(2);
  expect(lines.join("")).not.toContain(young.slice(0, 8));
  secrets.close();
});

test("secrets without files never change, and none is no secret", () => {
  const fixed = new FollowedSecrets({ secret: old, beside: [{ value: young }, { value: old }] }, { logger });
  fixed.look();
  expect(fixed.all).toEqual([old, young]);
  expect(new FollowedSecrets({ secret: "" }, { logger }).all).toEqual([]);
});

test("what any process has sealed before, during or after a rotation is opened by every other, and by none afterwards", () => {
  const secrets = (current: string, ...others: string[]) => ({ current, all: [current, ...others] });
  const seals = [secrets(old), secrets(old, young), secrets(young, old), secrets(young)].map((each) =>
    createSeal(each, "state"),
  );
  for (const [from, to] of [
    [0, 1],
    [1, 0],
    [1, 2],
    [2, 1],
    [2, 3],
    [3, 2],
  ] as const) {
    expect(seals[to]?.open(seals[from]?.seal("hello") ?? "")).toBe("hello");
  }
  expect(seals[3]?.open(seals[0]?.seal("hello") ?? "")).toBeUndefined();
});
