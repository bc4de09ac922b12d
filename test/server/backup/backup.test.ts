import { copyFile, mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BackupResult } from "../../../contract/backup.ts";
import { restoredMark } from "../../../server/bridge/queue/restored-queue.ts";
import { startTelegram, type TelegramServer } from "../../telegram/telegram.ts";
import {
  bridgeFor,
  configFor,
  eventOf,
  post,
  type Scratch,
  scratch,
  signedFetch,
  type TestBridge,
  until,
} from "../bridge/support.ts";
import { runHere } from "./support.ts";

const WRONG = "another-secret-of-32-characters!!";
let stage: Scratch;
let telegram: TelegramServer;
let open: TestBridge[];

beforeEach(async () => {
  [stage, telegram, open] = [await scratch(), await startTelegram({ limits: false }), []];
});

afterEach(async () => {
  await Promise.all(open.map((bridge) => bridge.close()));
  await telegram.close();
  await stage[Symbol.asyncDispose]();
});

async function startBridge(dataDir: string): Promise<TestBridge> {
  const rates = { messagesPerSecond: 1000, messagesPerChatPerSecond: 1000 };
  const bridge = await bridgeFor(
    configFor(dataDir, telegram.url, { telegram: { allowedUsers: [1, 2, 3, 4], ...rates } }),
  );
  open.push(bridge);
  return bridge;
}

async function targets() {
  const target = join(stage.path, "backups");
  await mkdir(target);
  return { target, env: { BACKUP_TARGET: pathToFileURL(target).href, BACKUP_OF: "notes/team" } };
}

const backup = (env: Record<string, string>) => runHere(stage.path, "backup", env);
const restore = (env: Record<string, string>) => runHere(stage.path, "restore", env);

function eventsIn(path: string): readonly string[] {
  const db = new DatabaseSync(path, { readOnly: true });
  const ids = db.prepare("SELECT event_id FROM events").all();
  db.close();
  return ids.map(({ event_id }) => String(event_id));
}

test("what may have been sent since the backup is sent with a mark, and an event that comes again is not sent again", async () => {
  const first = await startBridge(join(stage.path, "data"));
  await signedFetch(`${first.url}/control/pause`, "POST", JSON.stringify({ client: "tester" }));
  for (const id of ["a", "b"]) expect((await post(first.url, eventOf(id))).status).toBe(202);
  const { env } = await targets();
  const { words } = await backup({ ...env, BRIDGE_URL: first.url });
  expect(words).toMatchObject({ messages: 8 });
  await signedFetch(`${first.url}/control/resume`, "POST", JSON.stringify({ client: "tester" }));
  await until("the first bridge has delivered", () => telegram.delivered().length === 8);
  await first.close();

  const dataDir = join(stage.path, "restored");
  const { code } = await restore({ RESTORE_SOURCE: (words as BackupResult).location, DATA_DIR: dataDir });
  expect(code).toBe(0);
  const second = await startBridge(dataDir);
  // The backup was made while delivery was stopped, and so the restored bridge waits, too.
  expect(await (await post(second.url, eventOf("a"))).json()).toMatchObject({ duplicate: true });
  await signedFetch(`${second.url}/control/resume`, "POST", JSON.stringify({ client: "tester" }));
  await until("the restored bridge has delivered", () => telegram.delivered().length === 16);
  const texts = telegram.delivered().map(({ text = "" }) => text);
  expect(texts.slice(0, 8).filter((text) => text.includes(restoredMark))).toEqual([]);
  expect(texts.slice(8).filter((text) => !text.endsWith(restoredMark))).toEqual([]);
  expect(telegram.violations()).toEqual([]);
});

test("an archive for recipients holds secrets, and is restored by one of their identities alone", async () => {
  const bridge = await startBridge(join(stage.path, "data"));
  await post(bridge.url, eventOf("kept"));
  const { target, env } = await targets();
  const identity = await generateX25519Identity();
  const manifests = join(stage.path, "manifests");
  await mkdir(manifests);
  await writeFile(join(manifests, "secret.yaml"), "apiVersion: v1\nkind: Secret\ndata:\n  token: aHVudGVyMg==\n");
  const common = { ...env, BRIDGE_URL: bridge.url, BACKUP_NAME: "sealed", BACKUP_MANIFESTS_FOLDER: manifests };

  const open = await backup(common);
  expect(open).toMatchObject({ code: 1, words: { code: "BACKUP_SECRETS_IN_THE_CLEAR" } });
  expect(await readdir(target)).toEqual([]);

  const sealed = await backup({ ...common, BACKUP_RECIPIENTS: await identityToRecipient(identity) });
  expect(sealed).toMatchObject({ code: 0, words: { verified: true } });
  const path = join(target, "notes/team/sealed.cctb");
  expect((await readFile(path, "latin1")).startsWith("age-encryption.org/v1\n")).toBe(true);

  const source = { RESTORE_SOURCE: pathToFileURL(path).href, DATA_DIR: join(stage.path, "restored") };
  const stranger = await generateX25519Identity();
  expect(await restore(source)).toMatchObject({ code: 1, words: { code: "BACKUP_ENCRYPTED" } });
  const wrong = await restore({ ...source, RESTORE_IDENTITY: stranger });
  expect(wrong).toMatchObject({ code: 1, words: { code: "BACKUP_ENCRYPTED" } });
  expect(wrong.log).not.toContain("AGE-SECRET-KEY");
  expect(await readdir(source.DATA_DIR)).toEqual([]);
  const file = join(stage.path, "identity");
  await writeFile(file, `# created: today\n# public key: ${await identityToRecipient(identity)}\n${identity}\n`);
  expect(await restore({ ...source, RESTORE_IDENTITY_FILE: file })).toMatchObject({ code: 0 });
  expect(eventsIn(join(source.DATA_DIR, "queue.sqlite"))).toEqual(["kept"]);
});

test("a broken archive is refused whole, and so is one over data", async () => {
  const bridge = await startBridge(join(stage.path, "data"));
  await post(bridge.url, eventOf("kept"));
  const { target, env } = await targets();
  await backup({ ...env, BRIDGE_URL: bridge.url, BACKUP_NAME: "whole" });
  const whole = join(target, "notes/team/whole.cctb");
  const half = join(stage.path, "half.cctb");
  await copyFile(whole, half);
  await truncate(half, Math.floor((await readFile(half)).length / 2));
  const dataDir = join(stage.path, "restored");
  const from = (path: string) => ({ RESTORE_SOURCE: pathToFileURL(path).href, DATA_DIR: dataDir });

  expect(await restore(from(half))).toMatchObject({ code: 1, words: { code: "BACKUP_BROKEN" } });
  expect(await readdir(dataDir)).toEqual([]);
  await writeFile(`${whole}.sha256`, `${"0".repeat(64)}  whole.cctb\n`);
  expect(await restore(from(whole))).toMatchObject({ code: 1, words: { code: "BACKUP_BROKEN" } });
  expect(await readdir(dataDir)).toEqual([]);
  expect(await restore(from(join(target, "none.cctb")))).toMatchObject({
    code: 1,
    words: { code: "BACKUP_NOT_FOUND" },
  });

  await writeFile(join(dataDir, "queue.sqlite"), "of somebody else");
  expect(await restore(from(whole))).toMatchObject({ code: 1, words: { code: "RESTORE_DIRECTORY_NOT_EMPTY" } });
  expect(await readFile(join(dataDir, "queue.sqlite"), "utf8")).toBe("of somebody else");
});

test("nobody gets a backup without the secret", async () => {
  const bridge = await startBridge(join(stage.path, "data"));
  const { target, env } = await targets();
  expect((await fetch(`${bridge.url}/backup`)).status).toBe(401);
  expect((await signedFetch(`${bridge.url}/backup`, "GET", "", WRONG)).status).toBe(401);
  expect((await fetch(`${bridge.url}/backup`, { method: "HEAD" })).status).toBe(404);

  const stranger = { HMAC_SECRET: WRONG, BRIDGE_TIMEOUT: "5000" };
  const refused = await backup({ ...env, ...stranger, BRIDGE_URL: bridge.url });
  expect(refused).toMatchObject({ code: 1, words: { code: "BACKUP_BRIDGE_REFUSED" } });
  const alone = await backup({ ...env, BRIDGE_URL: "http://127.0.0.1:9", BRIDGE_TIMEOUT: "1000" });
  expect(alone).toMatchObject({ code: 1, words: { code: "BACKUP_BRIDGE_UNREACHABLE" } });
  expect(await readdir(target)).toEqual([]);
});

test("only so many archives are kept, and those of others stay", async () => {
  const bridge = await startBridge(join(stage.path, "data"));
  const { target, env } = await targets();
  const from = { ...env, BRIDGE_URL: bridge.url, BACKUP_RETENTION_COUNT: "2", BACKUP_VERIFY: "false" };
  await backup({ ...from, BACKUP_OF: "notes/other", BACKUP_NAME: "theirs" });
  for (const name of ["one", "two", "three"]) await backup({ ...from, BACKUP_NAME: name });
  const names = async (of: string) => (await readdir(join(target, of))).filter((name) => name.endsWith(".cctb")).sort();
  expect(await names("notes/team")).toEqual(["three.cctb", "two.cctb"]);
  expect(await names("notes/other")).toEqual(["theirs.cctb"]);
});
