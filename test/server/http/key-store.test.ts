import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type KeyStore, openKeyFile } from "../../../server/http/key-store.ts";
import { createLogger } from "../../../server/telemetry/logger.ts";

const oldKey = "old-key-of-the-client-claude";
const newKey = "new-key-of-the-client-claude";
const file = (key: string) => JSON.stringify({ [key]: { name: "claude", permissions: ["*"] } });

let directory: string;
let store: KeyStore | undefined;
const lines: string[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "keys-"));
  lines.length = 0;
});

afterEach(async () => {
  store?.close();
  await rm(directory, { recursive: true });
});

async function open(path: string): Promise<KeyStore> {
  const service = { name: "test", version: "0", instance: "0" };
  const logger = createLogger({ level: "info", service, destination: { write: (line) => lines.push(line) } });
  store = await openKeyFile({ path, logger, pollMs: 5 });
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

  test("a broken or vanished file leaves the keys valid and is logged without its content", async () => {
    const path = join(directory, "keys.json");
    await writeFile(path, file(oldKey));
    const keys = await open(path);
    await writeFile(path, `{"${newKey}": `);
    await vi.waitFor(() => expect(lines.filter((line) => line.includes('"level":"error"'))).toHaveLength(1));
    await rm(path);
    await vi.waitFor(() => expect(lines.filter((line) => line.includes('"level":"error"'))).toHaveLength(2));
    expect(keys.find(oldKey)).toBeDefined();
    expect(keys.ready()).toBe(true);
    expect(lines.join("")).not.toContain(newKey);
  });

  test("a file that comes late is found; until then nothing is ready", async () => {
    const path = join(directory, "keys.json");
    const keys = await open(path);
    expect(keys.ready()).toBe(false);
    expect(keys.find(oldKey)).toBeUndefined();
    await writeFile(path, file(oldKey));
    await vi.waitFor(() => expect(keys.ready()).toBe(true));
  });
});
