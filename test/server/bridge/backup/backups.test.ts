import { mkdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { unpackTar } from "modern-tar";
import { expect, test } from "vitest";
import { snapshotEntries } from "../../../../contract/backup.ts";
import { Store } from "../../../../server/bridge/storage/store.ts";
import { startTelegram } from "../../../telegram/telegram.ts";
import { bridgeFor, configFor, eventOf, headersOf, post, scratch, signedFetch, until } from "../support.ts";

const settings = (db: DatabaseSync) => Number(db.prepare("SELECT count(*) AS count FROM settings").get()?.count);

test("a frozen file is what was committed before, while commits go on, and no other process gets the file by that", async () => {
  await using directory = await scratch();
  const path = join(directory.path, "queue.sqlite");
  const store = new Store({ path, now: Date.now });
  const insert = store.db.prepare("INSERT INTO settings (name, value) VALUES (?, ?)");
  // More than SQLite keeps beside the file, so that it would write it into the file by itself.
  const filler = store.db.prepare("INSERT INTO events (event_id, accepted_at) VALUES (?, 0)");
  let n = 0;
  const fill = () => {
    n += 1;
    filler.run(`${n}-${"x".repeat(4000)}`);
  };
  await store.write(() => insert.run("before", 1));

  const began = performance.now();
  const frozen = store.freeze();
  const frozenMs = performance.now() - began;
  const chunks: Buffer[] = [];
  for await (const chunk of frozen.chunks()) {
    chunks.push(Buffer.from(chunk));
    await store.write(() => {
      for (let row = 0; row < 40; row += 1) fill();
      insert.run(`after-${n}`, 1);
    });
  }
  while (frozen.behind() < 8 * 1024 * 1024) {
    await store.write(() => {
      for (let row = 0; row < 100; row += 1) fill();
    });
  }
  for await (const chunk of store.freeze().chunks()) expect(chunk.length).toBeGreaterThan(0);
  const copy = join(directory.path, "copy.sqlite");
  await writeFile(copy, Buffer.concat(chunks));
  const read = new DatabaseSync(copy);
  expect(read.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  expect(settings(read)).toBe(1);
  read.close();

  frozen.thaw();
  await store.write(() => insert.run("last", 1));
  await store.write(() => insert.run("very last", 1));
  // Still locked: to close a second descriptor of the file would have given it up.
  const other = new DatabaseSync(path, { timeout: 0 });
  expect(() => other.prepare("SELECT * FROM settings").all()).toThrow(/locked/);
  other.close();
  store.close();
  const after = new DatabaseSync(path);
  expect(settings(after)).toBe(3 + chunks.length);
  after.close();
  console.log(`the file was frozen in ${frozenMs.toFixed(1)} ms`);
});

test("one backup is read at a time, one that nobody finishes holds up neither the next nor the end", async () => {
  await using directory = await scratch();
  const telegram = await startTelegram({ limits: false });
  const bridge = await bridgeFor(configFor(join(directory.path, "data"), telegram.url));
  const url = `${bridge.url}/backup`;
  // Large enough not to fit into the buffers between the two.
  for (let n = 0; n < 26; n += 1) {
    const texts = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        post(bridge.url, eventOf(`${n}-${index}`, { client: `c${n}`, description: "x".repeat(12_000) })),
      ),
    );
    expect(texts.map(({ status }) => status)).toEqual(texts.map(() => 202));
  }
  const given = new AbortController();
  const first = await fetch(url, { headers: headersOf(url, "GET", ""), signal: given.signal });
  expect(first.status).toBe(200);
  const second = await signedFetch(url, "GET");
  expect(second.status).toBe(503);
  expect(Number(second.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await second.json()).toMatchObject({ code: "BRIDGE_UNAVAILABLE", reason: "backup_under_way" });
  given.abort();
  await until("the next one is given", async () => {
    const next = await signedFetch(url, "GET");
    const bytes = await next.arrayBuffer();
    return next.status === 200 && bytes.byteLength > 4 * 1024 * 1024;
  });
  expect(bridge.log.join("")).toContain("a backup was not read to its end");

  const unread = await fetch(url, { headers: headersOf(url, "GET", "") });
  expect(unread.status).toBe(200);
  const ended = expect(unread.arrayBuffer()).rejects.toThrow();
  await bridge.close();
  await ended;
  await telegram.close();
});

test("sessions, what waits for them, bindings and who was paired are in it", async () => {
  await using directory = await scratch();
  const telegram = await startTelegram({ limits: false });
  const updates = { mode: "Polling" as const, pollSeconds: 1 };
  const bridge = await bridgeFor(
    configFor(join(directory.path, "data"), telegram.url, { telegram: { pairing: "Code", updates } }),
  );
  await until("Telegram's answer", () => bridge.status().telegram.reachable);
  const { sessions } = bridge.channel;
  await sessions.register({ client: "ci", name: "api", holder: "h", take_over: false });
  const anna = { id: 1 };
  telegram.control({
    says: [
      { from: anna, text: "/bind api" },
      { from: anna, text: "kept" },
      { from: { id: 9 }, text: "hi" },
    ],
  });
  await until("what was said", () => sessions.list("ci")[0]?.waiting === 1);
  const snapshot = new Uint8Array(await (await signedFetch(`${bridge.url}/backup`, "GET")).arrayBuffer());
  const [queue] = await unpackTar(snapshot, { strict: true });
  await bridge.close();
  await telegram.close();
  const copy = join(directory.path, "copy.sqlite");
  await writeFile(copy, queue?.data ?? "");
  const db = new DatabaseSync(copy, { readOnly: true });
  const [bindings, kept] = ["bindings", "channel_events"].map((table) => db.prepare(`SELECT * FROM ${table}`).all());
  db.close();
  expect(bindings).toMatchObject([{ chat_id: 1, topic: 0, session: 1, bound_by: 1 }]);
  expect(kept).toMatchObject([{ session: 1, content: "kept", settled_at: null }]);
});

test("the log files of seven days are in it, and nothing else of their folder", async () => {
  await using directory = await scratch();
  const telegram = await startTelegram({ limits: false });
  const logsDir = join(directory.path, "logs");
  await mkdir(logsDir);
  const names = [
    "application.log",
    "audit.log.20260101T000000000Z-abcdef",
    "security.log",
    "api-keys.json",
    "empty.log",
  ];
  for (const name of names) await writeFile(join(logsDir, name), name === "security.log" ? "" : `of ${name}\n`);
  await writeFile(join(logsDir, "application.log.old"), "old\n");
  const old = Date.now() / 1000 - 8 * 24 * 3600;
  await utimes(join(logsDir, "application.log.old"), old, old);
  const dataDir = join(directory.path, "data");
  const bridge = await bridgeFor(configFor(dataDir, telegram.url, { logsDir }));
  const answer = await signedFetch(`${bridge.url}/backup`, "GET");
  const entries = await unpackTar(new Uint8Array(await answer.arrayBuffer()), { strict: true });
  expect(entries.map(({ header }) => header.name)).toEqual([
    snapshotEntries.queue,
    "logs/application.log",
    "logs/audit.log.20260101T000000000Z-abcdef",
    "logs/security.log",
  ]);
  expect(Buffer.from(entries[1]?.data ?? []).toString()).toBe("of application.log\n");
  expect(entries[0]?.header.size).toBe((await stat(join(dataDir, "queue.sqlite"))).size);
  await bridge.close();
  await telegram.close();
});
