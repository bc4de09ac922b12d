import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { NewMessage, OutgoingFile } from "../../../../server/bridge/queue/message.ts";
import { prepareRestored, restoredMark } from "../../../../server/bridge/queue/restored-queue.ts";
import { salvage } from "../../../../server/bridge/storage/sqlite-salvage.ts";
import { migrate } from "../../../../server/bridge/storage/sqlite-schema.ts";
import { queueOn, scratch } from "../support.ts";

const file: OutgoingFile = { kind: "photo", name: "a.png", mediaType: "image/png", bytes: Buffer.alloc(1_000, 7) };
const messages: readonly NewMessage[] = [1, 2].map((chatId) => ({ chatId, part: 0, text: "x", entities: [], file }));

async function stage() {
  const directory = await scratch();
  const path = join(directory.path, "queue.sqlite");
  const limits = { total: { messages: 1_000, bytes: 30_100 }, clientShare: 1 };
  const open = () => queueOn({ path, limits, recipients: [1, 2], now: () => 1_000 });
  const s = {
    path,
    queue: open(),
    accept: (id: string, own = messages) => s.queue.accept({ id, client: "anna", acceptedAt: 1, messages: own }),
    /** What a reader of the file sees. */
    async rows<T>(sql: string): Promise<T[]> {
      await s.queue.close();
      const db = new DatabaseSync(path, { readOnly: true });
      const found = db.prepare(sql).all() as T[];
      db.close();
      s.queue = open();
      return found;
    },
    files: async () => (await s.rows<{ id: number }>("SELECT id FROM files")).length,
    reopen: () => {
      s.queue = open();
    },
    [Symbol.asyncDispose]: async () => {
      await s.queue.close();
      await directory[Symbol.asyncDispose]();
    },
  };
  return s;
}

test("a file is stored once for all that get it, comes with each of them, and goes with the last", async () => {
  await using s = await stage();
  const [first, second] = (await s.accept("a")).messages.map(({ id }) => id);
  expect(await s.files()).toBe(1);
  await s.queue.recover();
  const [message] = await s.queue.begin([first!]);
  expect(message?.file).toMatchObject({ kind: "photo", name: "a.png", mediaType: "image/png" });
  expect(Buffer.from(message!.file!.bytes).equals(Buffer.from(file.bytes))).toBe(true);
  await s.queue.settle(first!, { kind: "sent", at: 2, telegramMessageId: 5 });
  expect(await s.files()).toBe(1);
  await s.queue.settle(second!, { kind: "muted", at: 2 });
  expect(await s.files()).toBe(0);
});

test("a file counts as bytes of the queue, also in the next process", async () => {
  await using s = await stage();
  for (let n = 0; n < 14; n += 1) await s.accept(`a${n}`);
  expect(await s.files()).toBe(14);
  await s.accept("last");
  await expect(s.accept("more")).rejects.toThrow("full");
});

test("of refused messages with files few are kept: they take far more room", async () => {
  await using s = await stage();
  for (let n = 0; n < 30; n += 1) {
    const [{ id } = { id: 0 }] = (await s.accept(`a${n}`, messages.slice(0, 1))).messages;
    await s.queue.begin([id]);
    await s.queue.settle(id, { kind: "failed", at: n, error: "no" });
  }
  expect(s.queue.stats().failed).toBe(20);
  expect(await s.files()).toBe(20);
  expect(s.queue.stats().failed).toBe(20);
});

test("a photo that Telegram does not take stays a document over a restart", async () => {
  await using s = await stage();
  const [id] = (await s.accept("a")).messages.map((each) => each.id);
  await s.queue.begin([id!]);
  const again = { kind: "retry", at: 2, notBefore: 0, error: "", uncertain: false, plain: false } as const;
  await s.queue.settle(id!, { ...again, asDocument: true });
  await s.files();
  expect((await s.queue.begin([id!]))[0]?.file?.kind).toBe("document");
});

test("a message whose file a damaged disk has lost says so", async () => {
  await using s = await stage();
  const [id] = (await s.accept("a")).messages.map((each) => each.id);
  await s.queue.close();
  const db = new DatabaseSync(s.path);
  db.exec("DELETE FROM files");
  db.close();
  s.reopen();
  const [message] = await s.queue.begin([id!]);
  expect(message).toMatchObject({ file: undefined, text: "x\n\n📎 The file was lost with a damaged disk." });
});

test("of a damaged disk no file is taken over that belongs to no message any more", async () => {
  await using s = await stage();
  await s.accept("a");
  await s.queue.close();
  const from = new DatabaseSync(s.path);
  from.exec("INSERT INTO files (name, media_type, bytes) VALUES ('b.png', 'image/png', x'00')");
  from.close();
  const into = new DatabaseSync(":memory:");
  migrate(into);
  salvage(s.path, into);
  expect(into.prepare("SELECT name FROM files").all()).toEqual([{ name: "a.png" }]);
  expect(into.prepare("SELECT count(*) AS count FROM messages WHERE file = 1").get()).toEqual({ count: 2 });
  into.close();
  s.reopen();
});

test("a caption of a backup is marked within the length that captions have", async () => {
  await using s = await stage();
  const entities = [{ type: "italic" as const, offset: 1_000, length: 24 }];
  await s.accept("a", [{ chatId: 1, part: 0, text: "y".repeat(1_024), entities, file }]);
  await s.queue.close();
  prepareRestored(s.path);
  s.reopen();
  const [{ id } = { id: 0 }] = (await s.queue.recover()).pending;
  const [message] = await s.queue.begin([id]);
  expect(message?.text).toHaveLength(1_024);
  expect(message?.text.endsWith(restoredMark)).toBe(true);
  expect(message?.file?.name).toBe("a.png");
});
