import { mkdir, mkdtemp, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type KeyStore, openKeyFile } from "../../../server/access/key-store.ts";
import { StartError } from "../../../server/process/start-error.ts";
import { createLogger } from "../../../server/telemetry/logger.ts";

const oldKey = "old-key-of-the-client-claude";
const newKey = "new-key-of-the-client-claude";
const file = (key: string) => JSON.stringify({ [key]: { name: "claude", permissions: ["*"] } });

let directory: string;
let store: KeyStore | undefined;
let failed: boolean | undefined;
const lines: string[] = [];
const errors = () => lines.filter((line) => line.includes('"level":"error"'));

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "keys-"));
  lines.length = 0;
  failed = undefined;
  store = undefined;
});

afterEach(async () => {
  store?.close();
  await rm(directory, { recursive: true });
});

async function open(path: string): Promise<KeyStore> {
  const service = { name: "test", version: "0", instance: "0" };
  const logger = createLogger({ level: "info", service, destination: { write: (line) => lines.push(line) } });
  store = await openKeyFile({
    path,
    logger,
    pollMs: 5,
    repeatMs: 20,
    emptyMs: 50,
    onLook: (value) => {
      failed = value;
    },
  });
  return store;
}

describe("key file", () => {
  test("an edited file replaces the keys", async () => {
    const path = join(directory, "keys.json");
    await writeFile(path, file(oldKey));
    const keys = await open(path);
    expect(keys.find(oldKey)?.name).toBe("claude");
    await writeFile(path, file(newKey));
    await vi.waitFor(() => expect(keys.find(newKey)?.name).toBe("claude"));
    expect(keys.find(oldKey)).toBeUndefined();
  });

  describe("asked to read again", () => {
    const path = () => join(directory, "keys.json");

    /** A store that never looks by itself while the test runs. */
    async function openStill(): Promise<KeyStore> {
      const service = { name: "test", version: "0", instance: "0" };
      const logger = createLogger({ level: "info", service, destination: { write: (line) => lines.push(line) } });
      store = await openKeyFile({ path: path(), logger, pollMs: 3_600_000 });
      return store;
    }

    test("it has the new keys at once, also when size and times of the file are those of before", async () => {
      await writeFile(path(), file(oldKey));
      const before = await stat(path());
      const keys = await openStill();
      await writeFile(path(), file(newKey));
      await utimes(path(), before.atime, before.mtime);
      await keys.reload();
      expect(keys.find(newKey)?.name).toBe("claude");
      expect(keys.find(oldKey)).toBeUndefined();
    });

    test("clients of a file that says the same keep their connections", async () => {
      await writeFile(path(), file(oldKey));
      const keys = await openStill();
      const client = keys.find(oldKey);
      await Promise.all([keys.reload(), keys.reload(), keys.reload()]);
      expect(client !== undefined && keys.isCurrent(client)).toBe(true);
      expect(keys.find(oldKey)).toBe(client);
    });

    test("a half-written file leaves the keys valid, and is told at each asking", async () => {
      await writeFile(path(), file(oldKey));
      const keys = await openStill();
      await writeFile(path(), file(newKey).slice(0, 20));
      await keys.reload();
      await keys.reload();
      expect(keys.find(oldKey)?.name).toBe("claude");
      expect(errors()).toHaveLength(2);
      expect(lines.join("")).not.toContain(newKey.slice(0, 12));
      await writeFile(path(), file(oldKey));
      await keys.reload();
      expect(keys.problem()).toBeUndefined();
    });
  });

  test("a Kubernetes volume's swap of its ..data symlink replaces the keys", async () => {
    const version = async (name: string, key: string): Promise<void> => {
      await mkdir(join(directory, name));
      await writeFile(join(directory, name, "keys.json"), file(key));
      await symlink(name, join(directory, "..data_tmp"));
      await rename(join(directory, "..data_tmp"), join(directory, "..data"));
    };
    await version("..2026_01", oldKey);
    await symlink("..data/keys.json", join(directory, "keys.json"));
    const keys = await open(join(directory, "keys.json"));
    expect(keys.find(oldKey)).toBeDefined();
    await version("..2026_02", newKey);
    await vi.waitFor(() => expect(keys.find(newKey)).toBeDefined());
    expect(keys.find(oldKey)).toBeUndefined();
  });

  test("a file that becomes unusable leaves the keys valid, but that is a problem until it is fixed", async () => {
    const path = join(directory, "keys.json");
    await writeFile(path, file(oldKey));
    const keys = await open(path);
    expect(failed).toBe(false);
    await writeFile(path, `{"${newKey}": `);
    await vi.waitFor(() => expect(keys.problem()).toContain("cannot be used"));
    expect(failed).toBe(true);
    expect(keys.find(oldKey)).toBeDefined();
    // One line may be overlooked, so it is said again.
    await vi.waitFor(() => expect(errors().length).toBeGreaterThan(2));
    expect(lines.join("")).not.toContain(newKey);
    await writeFile(path, file(newKey));
    await vi.waitFor(() => expect(keys.problem()).toBeUndefined());
    expect(failed).toBe(false);
    expect(keys.find(oldKey)).toBeUndefined();
  });

  test.each([
    ["deleted", (path: string) => rm(path)],
    ["emptied", (path: string) => writeFile(path, " \n")],
  ])("when the file is %s no key is valid any more", async (_how, change) => {
    const path = join(directory, "keys.json");
    await writeFile(path, file(oldKey));
    const keys = await open(path);
    expect(keys.find(oldKey)).toBeDefined();
    await change(path);
    await vi.waitFor(() => expect(keys.find(oldKey)).toBeUndefined());
    expect(keys.problem()).toContain("no API keys");
    expect(failed).toBe(true);
    expect(errors()[0]).toContain("no key is valid");
  });

  test("a file without clients is well", async () => {
    const path = join(directory, "keys.json");
    await writeFile(path, "{}");
    expect((await open(path)).problem()).toBeUndefined();
  });

  test("a file that comes late is found; until then nothing is ready", async () => {
    const path = join(directory, "keys.json");
    const keys = await open(path);
    expect(keys.problem()).toContain("no API keys");
    expect(keys.find(oldKey)).toBeUndefined();
    await writeFile(path, file(oldKey));
    await vi.waitFor(() => expect(keys.problem()).toBeUndefined());
  });

  test.each([
    ["of another form", (path: string) => writeFile(path, "- key: secret-key-0123456")],
    ["that is a directory", (path: string) => mkdir(path)],
  ])("a file %s is no start", async (_what, make) => {
    const path = join(directory, "keys.json");
    await make(path);
    const error = await open(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StartError);
    expect(String(error)).toContain(path);
    expect(String(error)).toContain("MCP_API_KEYS_FILE");
    expect(String(error)).not.toContain("secret-key");
  });
});
