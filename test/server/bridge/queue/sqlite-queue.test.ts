import { execFileSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import type { Queue } from "../../../../server/bridge/queue/queue.ts";
import { type Damage, openFile } from "../../../../server/bridge/storage/sqlite-file.ts";
import { StartError } from "../../../../server/process/start-error.ts";
import { type QueueOptions, queueOn, scratch } from "../support.ts";

type Hooks = Pick<QueueOptions, "onDamage" | "onExposed">;

function openAt(path: string, hooks: Hooks = {}): Queue {
  const limits = { total: { messages: 100_000, bytes: 2 ** 28 }, clientShare: 1 };
  return queueOn({ path, limits, recipients: [1, 2], now: () => 1_000, ...hooks });
}

function fill(queue: Queue, count: number) {
  const text = "x".repeat(500);
  const ids = Array.from({ length: count }, (_, index) => `event-${index}`);
  const messages = [{ chatId: 1, part: 0, text, entities: [] }];
  return Promise.all(ids.map((id) => queue.accept({ id, client: "anna", acceptedAt: 1, messages })));
}

describe("SQLite queue", () => {
  test("commits are synced to the disk, in a write-ahead log that nobody else writes", async () => {
    await using directory = await scratch();
    const { db } = openFile(join(directory.path, "queue.sqlite"), 0);
    const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    const full = 2;
    expect(["synchronous", "journal_mode", "locking_mode"].map(pragma)).toEqual([full, "wal", "exclusive"]);
    const inMemory = 2;
    expect(pragma("temp_store")).toBe(inMemory);
    db.close();
  });

  test("a write that cannot be done does not take its neighbours in the same commit with it", async () => {
    await using directory = await scratch();
    const queue = openAt(join(directory.path, "queue.sqlite"));
    const broken = [{ chatId: 1, part: 0, text: null as unknown as string, entities: [] }];
    const [, refused] = await Promise.allSettled([
      fill(queue, 2),
      queue.accept({ id: "broken", client: "anna", acceptedAt: 1, messages: broken }),
    ]);
    expect(refused.status).toBe("rejected");
    expect((await queue.recover()).pending).toHaveLength(2);
    expect(queue.stats()).toMatchObject({ usable: true, pending: 2 });
    expect((await queue.accept({ id: "broken", client: "anna", acceptedAt: 1, messages: [] })).duplicate).toBe(false);
    await queue.close();
  });

  test("a second bridge on the same file is refused: it would deliver everything twice", async () => {
    await using directory = await scratch();
    const path = join(directory.path, "queue.sqlite");
    const first = openAt(path);
    expect(() => openAt(path)).toThrow(/in use by another bridge/);
    await first.close();
    await openAt(path).close();
  });

  test("a file that is no database is moved aside and kept", async () => {
    await using directory = await scratch();
    const path = join(directory.path, "queue.sqlite");
    writeFileSync(path, "this is not a database, but somebody may want to see it".repeat(100));
    const damages: Damage[] = [];
    const queue = openAt(path, { onDamage: (damage) => damages.push(damage) });
    await fill(queue, 1);
    expect(damages).toHaveLength(1);
    expect(readFileSync(damages[0]!.movedTo, "utf8")).toMatch(/^this is not a database/);
    await queue.close();
  });

  test("what can still be read of a damaged file is taken over", async () => {
    await using directory = await scratch();
    const path = join(directory.path, "queue.sqlite");
    const before = openAt(path);
    await fill(before, 1_000);
    await before.close();
    damage(path);
    const damages: Damage[] = [];
    const after = openAt(path, { onDamage: (each) => damages.push(each) });
    const { pending } = await after.recover();
    expect(damages).toHaveLength(1);
    expect(pending.length).toBeGreaterThan(900);
    expect(pending.length).toBeLessThan(1_000);
    expect(after.stats()).toMatchObject({ usable: true, pending: pending.length });
    expect(readdirSync(directory.path).filter((name) => name.includes("copy"))).toEqual([]);
    await after.close();
  });

  test("the files are readable by their owner alone, also when they were open to everybody", async () => {
    await using directory = await scratch();
    const path = join(directory.path, "queue.sqlite");
    const queue = openAt(path);
    await fill(queue, 1);
    const modes = () => readdirSync(directory.path).map((name) => statSync(join(directory.path, name)).mode & 0o777);
    expect(new Set(modes())).toEqual(new Set([0o600]));
    await queue.close();
    chmodSync(path, 0o644);
    const exposed: string[] = [];
    const again = openAt(path, { onExposed: (files) => exposed.push(...files) });
    await fill(again, 2);
    expect(exposed).toEqual([path]);
    expect(new Set(modes())).toEqual(new Set([0o600]));
    await again.close();
  });

  test("a file where the directory should be is told with its path and what to do", async () => {
    await using directory = await scratch();
    const path = join(directory.path, "data", "queue.sqlite");
    writeFileSync(join(directory.path, "data"), "");
    expect(() => openAt(path)).toThrow(StartError);
    expect(() => openAt(path)).toThrow(/data cannot be used: it is not a directory.*\n.*CC_TELEGRAM_DATA_DIR/);
  });

  const isRoot = process.getuid?.() === 0;

  test.skipIf(!isRoot)(
    `a queue on a read-only disk is told as such${isRoot ? "" : " (not run: mounting a file system needs root)"}`,
    async () => {
      await using directory = await scratch();
      const path = join(directory.path, "queue.sqlite");
      await openAt(path).close();
      execFileSync("mount", ["--bind", directory.path, directory.path]);
      try {
        execFileSync("mount", ["-o", "remount,bind,ro", directory.path]);
        expect(() => openAt(path)).toThrow(/cannot be used: the file system is read-only/);
        expect(() => openAt(join(directory.path, "new", "queue.sqlite"))).toThrow(/cannot be used/);
      } finally {
        execFileSync("umount", [directory.path]);
      }
    },
  );

  test("a file of a newer version is refused, not touched", async () => {
    await using directory = await scratch();
    const path = join(directory.path, "queue.sqlite");
    await openAt(path).close();
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 99");
    db.close();
    expect(() => openAt(path)).toThrow(/newer version/);
    expect(readdirSync(directory.path)).toEqual(["queue.sqlite"]);
  });
});

/** Overwrites a page in the middle of the messages. */
function damage(path: string): void {
  const db = new DatabaseSync(path);
  const pageSize = Number(db.prepare("PRAGMA page_size").get()?.page_size);
  const leaf = db.prepare("SELECT pageno FROM dbstat WHERE name = 'messages' AND pagetype = 'leaf' LIMIT 1 OFFSET 40");
  const page = Number(leaf.get()?.pageno);
  db.close();
  const bytes = readFileSync(path);
  bytes.fill(0xa5, (page - 1) * pageSize, page * pageSize);
  writeFileSync(path, bytes);
}
