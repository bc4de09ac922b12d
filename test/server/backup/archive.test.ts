import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync, gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { backupFailureSchema, backupResultSchema } from "../../../contract/backup.ts";
import { readArchive } from "../../../server/backup/archive-reader.ts";
import { archivedFile, archiveOf, firstSecret } from "../../../server/backup/archive-writer.ts";
import { BackupError } from "../../../server/backup/backup-error.ts";
import type { Manifest } from "../../../server/backup/manifest.ts";
import { restore } from "../../../server/backup/restore.ts";
import { outdated } from "../../../server/backup/retention.ts";
import { prepareRestored, restoredMark } from "../../../server/bridge/queue/restored-queue.ts";
import { newestSchema } from "../../../server/bridge/storage/sqlite-schema.ts";
import { type Scratch, scratch } from "../bridge/support.ts";
import { oldQueue } from "./support.ts";

let stage: Scratch;

beforeEach(async () => {
  stage = await scratch();
});

afterEach(() => stage[Symbol.asyncDispose]());

const head: Omit<Manifest, "entries"> = {
  kind: "cctelegram-backup",
  format: 1,
  version: "0.1.0",
  of: "notes/team",
  name: "one",
  created_at: "2026-01-02T03:04:05.000Z",
  schema_version: newestSchema,
  rows: {},
  messages_waiting: 1,
};

/** The bytes of an archive with the queue of a schema. */
async function archive(changes: Partial<typeof head> = {}, schema = newestSchema): Promise<Buffer> {
  const path = join(stage.path, `made-${Math.random()}.sqlite`);
  oldQueue(path, schema);
  const files = [await archivedFile("data/queue.sqlite", path)];
  const { content } = await archiveOf({ ...head, schema_version: schema, ...changes }, files, []);
  return Buffer.concat(await Array.fromAsync(content));
}

async function* chunked(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

/** The code with which an archive is refused; undefined when it is read. */
async function refusalOf(bytes: Uint8Array): Promise<string | undefined> {
  const folder = join(stage.path, `read-${Math.random()}`);
  await mkdir(folder);
  try {
    await readArchive({ content: chunked(bytes), location: "file:///a.cctb", folder, newestSchema });
    return undefined;
  } catch (error) {
    return error instanceof BackupError ? error.code : String(error);
  }
}

/** What gzip makes of bytes; undefined when it refuses them. */
function unpacked(bytes: Uint8Array): Buffer | undefined {
  try {
    return gunzipSync(bytes);
  } catch {
    return undefined;
  }
}

const tarOf = async (entries: Readonly<Record<string, string>>) =>
  gzipSync(
    await packTar(
      Object.entries(entries).map(([name, body]) => ({ header: { name, size: Buffer.byteLength(body) }, body })),
    ),
  );

describe("an archive", () => {
  test("is read as it was written", async () => {
    expect(await refusalOf(await archive())).toBeUndefined();
  });

  test("that is cut off anywhere is refused", async () => {
    const whole = await archive();
    const lengths = Array.from({ length: 40 }, (_, index) => Math.floor((whole.length * index) / 40));
    for (const length of [...lengths, whole.length - 1]) {
      expect(await refusalOf(whole.subarray(0, length)), `${length} bytes`).toBe("BACKUP_BROKEN");
    }
  });

  test("in which a byte was changed is refused, or says the same", async () => {
    const whole = await archive();
    const said = gunzipSync(whole);
    // The header of gzip has a time and a system, which mean nothing.
    for (let at = 10; at < whole.length; at += 97) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      // RFC 1951 has more than one way to say the same: a run of zeros may be copied from another run of zeros.
      if (unpacked(changed)?.equals(said)) continue;
      expect(await refusalOf(changed), `byte ${at}`).toMatch(/^BACKUP_(BROKEN|FOREIGN|NEWER)$/);
    }
  });

  test.each<[string, () => Promise<Uint8Array>, string]>([
    ["text", async () => Buffer.from("I am a text and no archive, whatever my name is."), "BACKUP_FOREIGN"],
    ["another program's tar", () => tarOf({ "data/queue.sqlite": "x" }), "BACKUP_FOREIGN"],
    ["another program's manifest", () => tarOf({ "manifest.json": '{"kind":"other"}' }), "BACKUP_FOREIGN"],
    ["a newer form", () => tarOf({ "manifest.json": JSON.stringify({ ...head, format: 2 }) }), "BACKUP_NEWER"],
    ["a newer schema", () => archive({ schema_version: newestSchema + 1 }), "BACKUP_NEWER"],
    ["an entry that is not named", () => tarOf({ "manifest.json": manifestOf([]), "data/x": "x" }), "BACKUP_BROKEN"],
    ["an entry that is missing", () => tarOf({ "manifest.json": manifestOf(["data/x"]) }), "BACKUP_BROKEN"],
    ["another checksum", () => tarOf({ "manifest.json": manifestOf(["data/x"]), "data/x": "x" }), "BACKUP_BROKEN"],
    ["a path out of it", () => tarOf({ "manifest.json": manifestOf(["data/../../x"]) }), "BACKUP_BROKEN"],
    ["an absolute path", () => tarOf({ "manifest.json": manifestOf(["/etc/passwd"]) }), "BACKUP_BROKEN"],
    ["nothing", async () => Buffer.alloc(0), "BACKUP_BROKEN"],
  ])("that is %s is refused", async (_what, bytes, code) => {
    expect(await refusalOf(await bytes())).toBe(code);
  });
});

const manifestOf = (names: readonly string[]) =>
  JSON.stringify({ ...head, entries: names.map((name) => ({ name, bytes: 1, sha256: "0".repeat(64) })) });

describe("a restore", () => {
  const world = { prepareRestored, newestSchema };

  async function stored(bytes: Uint8Array): Promise<{ source: string; dataDir: string }> {
    const path = join(stage.path, "stored.cctb");
    await writeFile(path, bytes);
    return { source: `file://${path}`, dataDir: join(stage.path, "data") };
  }

  test.each(Array.from({ length: newestSchema }, (_, index) => index + 1))(
    "of schema %i migrates, and marks what waits",
    async (schema) => {
      const config = await stored(await archive({}, schema));
      expect(await restore(config, world)).toMatchObject({ schemaVersion: schema, messages: 1 });
      const db = new DatabaseSync(join(config.dataDir, "queue.sqlite"));
      expect(db.prepare("PRAGMA user_version").get()).toEqual({ user_version: newestSchema });
      expect(db.prepare("SELECT text, uncertain FROM messages").get()).toEqual({
        text: `of old${restoredMark}`,
        uncertain: 1,
      });
      db.close();
      expect((await readdir(config.dataDir)).sort()).toEqual([".restored.json", "queue.sqlite"]);
    },
  );

  test("that was done is not done again, whatever the bridge has made of it, and that of another archive is refused", async () => {
    const config = await stored(await archive());
    const result = await restore(config, world);
    const db = new DatabaseSync(join(config.dataDir, "queue.sqlite"));
    db.exec("DELETE FROM messages");
    db.close();
    expect(await restore(config, world)).toEqual(result);
    const other = restore({ ...config, source: `${config.source}.cctb` }, world);
    await expect(other).rejects.toMatchObject({ code: "RESTORE_DIRECTORY_NOT_EMPTY" });
  });

  test("that was killed at any step is done again", async () => {
    const config = await stored(await archive());
    await mkdir(join(config.dataDir, ".restoring", "data"), { recursive: true });
    await writeFile(join(config.dataDir, ".restoring", "data", "queue.sqlite"), "half");
    await mkdir(join(config.dataDir, "lost+found"));
    await restore(config, world);
    const mark = join(config.dataDir, ".restored.json");
    const done = JSON.parse(await readFile(mark, "utf8"));
    // Between the queue and the last mark.
    await writeFile(mark, JSON.stringify({ ...done, state: "restoring" }));
    expect(await restore(config, world)).toMatchObject({ messages: 1 });
    // And somebody has used it in between.
    await writeFile(mark, JSON.stringify({ ...done, state: "restoring" }));
    const db = new DatabaseSync(join(config.dataDir, "queue.sqlite"));
    db.exec("DELETE FROM messages");
    db.close();
    await expect(restore(config, world)).rejects.toMatchObject({ code: "RESTORE_DIRECTORY_NOT_EMPTY" });
  });

  test("of a queue that no bridge could open is refused, and nothing is left", async () => {
    const path = join(stage.path, "broken.sqlite");
    await writeFile(path, Buffer.alloc(8192, 7));
    const { content } = await archiveOf(head, [await archivedFile("data/queue.sqlite", path)], []);
    const config = await stored(Buffer.concat(await Array.fromAsync(content)));
    await expect(restore(config, world)).rejects.toMatchObject({ code: "BACKUP_BROKEN" });
    expect(await readdir(config.dataDir)).toEqual([]);
  });
});

describe("the mark of a restored message", () => {
  test("fits into a message that is full, and is set once", async () => {
    const path = join(stage.path, "queue.sqlite");
    oldQueue(path, newestSchema);
    const db = new DatabaseSync(path);
    const entities = JSON.stringify([{ type: "italic", offset: 4000, length: 96 }]);
    db.prepare("UPDATE messages SET text = ?, entities = ?, state = 'sending'").run("x".repeat(4096), entities);
    db.close();
    prepareRestored(path);
    prepareRestored(path);
    const after = new DatabaseSync(path);
    const row = after.prepare("SELECT text, entities, state, uncertain FROM messages").get() as Record<string, string>;
    after.close();
    expect(row).toMatchObject({ state: "pending", uncertain: 2 });
    expect(row.text?.length).toBe(4096);
    expect(row.text?.split(restoredMark)).toHaveLength(2);
    const [{ offset, length }] = JSON.parse(row.entities ?? "");
    expect(offset + length).toBe(4096 - restoredMark.length);
  });
});

describe("what is a secret in the clear", () => {
  test.each([
    ["cm.yaml", "apiVersion: v1\nkind: ConfigMap\ndata: {}\n", false],
    ["cctd.yml", "kind: CCTelegramDeployment\nspec:\n  botTokenSecretRef: {name: telegram}\n", false],
    ["secret.yaml", "apiVersion: v1\nkind: Secret\n", true],
    ["list.yaml", "kind: List\nitems:\n- kind: 'Secret'\n", true],
    ["json.yaml", '{"kind": "List", "items": [{"kind":"Secret"}]}', true],
    ["api-keys.json", "{}", true],
    ["config.env", "TOKEN=1", true],
    ["other.yaml", "token: 1\n", true],
  ])("%s", async (name, text, isSecret) => {
    const path = join(stage.path, name);
    await writeFile(path, text);
    const found = await firstSecret([await archivedFile(`manifests/${name}`, path)]);
    expect(found).toBe(isSecret ? `manifests/${name}` : undefined);
  });
});

test("retention deletes what is too old and what is too many, never what was just made, and nothing but archives", () => {
  const day = 24 * 3_600_000;
  const at = (key: string, days: number) => ({ key, changedAt: (100 - days) * day });
  const stored = [at("a.cctb", 40), at("b.cctb", 20), at("c.cctb", 10), at("new.cctb", 0), at("c.cctb.sha256", 90)];
  const of = (retention: { days?: number; count?: number }) => outdated(stored, "new.cctb", retention, 100 * day);
  expect(of({})).toEqual([]);
  expect(of({ days: 30 })).toEqual(["a.cctb"]);
  expect(of({ count: 2 })).toEqual(["b.cctb", "a.cctb"]);
  expect(of({ count: 1 })).toEqual(["c.cctb", "b.cctb", "a.cctb"]);
  expect(of({ days: 15, count: 3 })).toEqual(["b.cctb", "a.cctb"]);
  // A store that tells no time: it is not known to be old, but it counts.
  const timeless = [{ key: "d.cctb", changedAt: Number.POSITIVE_INFINITY }, at("a.cctb", 40)];
  expect(outdated(timeless, "new.cctb", { days: 30 }, 100 * day)).toEqual(["a.cctb"]);
  expect(outdated(timeless, "new.cctb", { count: 2 }, 100 * day)).toEqual(["a.cctb"]);
  expect(outdated([at("new.cctb", 99)], "new.cctb", { days: 1, count: 1 }, 100 * day)).toEqual([]);
});

test("last words are either a result or a failure", () => {
  expect(backupResultSchema.safeParse({ code: "BACKUP_BROKEN", message: "" }).success).toBe(false);
  expect(backupFailureSchema.safeParse({ code: "SOMETHING", message: "" }).success).toBe(false);
});
