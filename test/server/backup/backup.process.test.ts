import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { expect, test } from "vitest";
import { freePort } from "../../../e2e/cluster/free-ports.ts";
import { newestSchema } from "../../../server/bridge/storage/sqlite-schema.ts";
import { blocksIn, commandsOf, readPage } from "../../pages/blocks.ts";
import { programOf } from "../../support/programs.ts";
import { eventOf, post, signedFetch, until } from "../bridge/support.ts";
import type { Process } from "../support/process.ts";
import { processStage } from "../support/process-stage.ts";
import { bridgeEnv, type Ended, fullQueue, runHere, runJob, sha256Of } from "./support.ts";

const stage = processStage("backup");

type Bridge = { readonly process: Process; readonly url: string };

async function startBridge(dataDir: string, env: Record<string, string> = {}): Promise<Bridge> {
  const process = stage.start("bridge", { ...bridgeEnv(dataDir, stage.telegram), ...env });
  const { bridge = "" } = await process.logged("ready to work");
  return { process, url: bridge };
}

async function targets() {
  const target = join(stage.folder, "backups");
  await mkdir(target);
  return { target, env: { BACKUP_TARGET: pathToFileURL(target).href, BACKUP_OF: "notes/team" } };
}

const backup = (env: Record<string, string>) => runHere(stage.folder, "backup", env);

/** Sends events one after the other until it is told to stop; those of them that were answered with 202, and how long the slowest took. */
function producer(url: string, name: string) {
  const acknowledged: string[] = [];
  let goesOn = true;
  let slowestMs = 0;
  const done = (async () => {
    for (let n = 0; goesOn; n += 1) {
      const began = performance.now();
      const answer = await post(url, eventOf(`${name}-${n}`));
      slowestMs = Math.max(slowestMs, performance.now() - began);
      if (answer.status === 202) acknowledged.push(`${name}-${n}`);
    }
  })();
  const stop = async () => {
    goesOn = false;
    await done;
    return slowestMs;
  };
  return { acknowledged, stop };
}

type Stalled = { readonly goOn: () => void; readonly cut: () => void };

/** In front of a bridge: lets answers through until there were so many bytes; the rest waits until it is let through or lost. */
async function stalling(url: string, bytes: number) {
  const { promise: reached, resolve } = Promise.withResolvers<Stalled>();
  const server = createServer((client) => {
    const bridge = connect(Number(new URL(url).port), "127.0.0.1");
    let room = bytes;
    client.on("error", () => bridge.destroy()).pipe(bridge);
    bridge.on("error", () => client.destroy()).on("close", () => client.destroy());
    bridge.on("data", (chunk: Buffer) => {
      const stalls = room > 0 && chunk.length >= room;
      client.write(stalls ? chunk.subarray(0, room) : chunk);
      const rest = chunk.subarray(room);
      room -= chunk.length;
      if (!stalls) return;
      bridge.pause();
      const goOn = () => {
        client.write(rest);
        bridge.resume();
      };
      resolve({ goOn, cut: () => bridge.destroy() });
    });
  });
  const port = await freePort();
  await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
  return { url: `http://127.0.0.1:${port}`, reached, close: () => server.close() };
}

function eventsIn(path: string): readonly string[] {
  const db = new DatabaseSync(path, { readOnly: true });
  const ids = db.prepare("SELECT event_id FROM events").all();
  db.close();
  return ids.map(({ event_id }) => String(event_id));
}

test("a backup of a bridge under load has everything that was acknowledged before it, and delivery goes on meanwhile", async () => {
  const bridge = await startBridge(join(stage.folder, "data"));
  const { target, env } = await targets();
  const producers = ["p", "q", "r"].map((name) => producer(bridge.url, name));
  const acknowledged = () => producers.flatMap((each) => each.acknowledged);
  const delivered = () => stage.telegram.delivered().length;
  await until("deliveries", () => delivered() > 4);
  const before = acknowledged();

  const way = await stalling(bridge.url, 50_000);
  const job = runJob(stage.folder, "backup", { ...env, BRIDGE_URL: way.url, BACKUP_NAME: "loaded" });
  const { goOn } = await way.reached;
  const [meanwhile, sent] = [acknowledged().length, delivered()];
  await until("more, while half of the queue has been read", () => {
    return acknowledged().length > meanwhile && delivered() > sent;
  });
  goOn();
  const { code, words, log } = await job;
  way.close();
  expect(log).toContain("backup stored");
  expect(code).toBe(0);
  const path = join(target, "notes/team/loaded.cctb");
  const location = pathToFileURL(path).href;
  expect(words).toMatchObject({ location, sha256: await sha256Of(path), verified: true, schemaVersion: newestSchema });
  const during = acknowledged().length;
  const slowest = await Promise.all(producers.map(({ stop }) => stop()));
  // Its copy of what it reads is given up: a second bridge is still kept from the file.
  const second = stage.start("bridge", bridgeEnv(join(stage.folder, "data"), stage.telegram));
  expect(await second.exited).toBe(78);
  expect(second.stderr()).toContain("is in use by another bridge");

  const began = performance.now();
  const dataDir = join(stage.folder, "restored");
  const restored = await runJob(stage.folder, "restore", { RESTORE_SOURCE: location, DATA_DIR: dataDir });
  const restoreMs = Math.round(performance.now() - began);
  expect(restored.code).toBe(0);
  const ids = new Set(eventsIn(join(dataDir, "queue.sqlite")));
  expect(before.filter((id) => !ids.has(id))).toEqual([]);
  console.log(
    `${before.length} events acknowledged before the backup, 0 lost; ${during} during it, slowest answer ` +
      `${Math.round(Math.max(...slowest))} ms; restored in ${restoreMs} ms`,
  );
  expect(restoreMs).toBeLessThan(60_000);
});

test("a full queue of long messages is backed up and restored within a minute", async () => {
  const dataDir = join(stage.folder, "data");
  await mkdir(dataDir);
  const [messages, characters] = [10_000, 4000];
  fullQueue(join(dataDir, "queue.sqlite"), messages, characters);
  // Fenced: nothing of it is sent meanwhile.
  const bridge = await startBridge(dataDir, { BRIDGE_FENCED: "true" });
  const { target, env } = await targets();
  const timed = async (job: () => Promise<Ended>) => {
    const began = performance.now();
    return { ...(await job()), seconds: ((performance.now() - began) / 1000).toFixed(1) };
  };
  const stored = await timed(() =>
    runJob(stage.folder, "backup", { ...env, BRIDGE_URL: bridge.url, BACKUP_NAME: "full" }),
  );
  expect(stored).toMatchObject({ code: 0, words: { messages, verified: true } });
  const RESTORE_SOURCE = pathToFileURL(join(target, "notes/team/full.cctb")).href;
  const DATA_DIR = join(stage.folder, "restored");
  const restored = await timed(() => runJob(stage.folder, "restore", { RESTORE_SOURCE, DATA_DIR }));
  expect(restored).toMatchObject({ code: 0, words: { messages } });
  console.log(
    `${messages} messages of ${characters} characters: backed up and verified in ${stored.seconds} s, restored in ${restored.seconds} s`,
  );
  expect(Number(restored.seconds)).toBeLessThan(60);
});

/** Writes two pieces of an archive, and then nothing any more. */
const heldUp = `
  import fs from "node:fs/promises";
  import { syncBuiltinESMExports } from "node:module";
  const { open } = fs;
  fs.open = async (path, ...rest) => {
    const file = await open(path, ...rest);
    if (!path.endsWith(".partial")) return file;
    const write = file.writeFile.bind(file);
    let pieces = 0;
    file.writeFile = (piece) => (pieces++ < 2 ? write(piece) : new Promise((goOn) => setTimeout(goOn, 1e9)));
    return file;
  };
  syncBuiltinESMExports();`;

test("a backup that is killed leaves the archives as they were, and the next one cleans up after it", async () => {
  const bridge = await startBridge(join(stage.folder, "data"));
  const { target, env } = await targets();
  await backup({ ...env, BRIDGE_URL: bridge.url, BACKUP_NAME: "kept" });
  const folder = join(target, "notes/team");
  const kept = await sha256Of(join(folder, "kept.cctb"));
  // More than two pieces: what cannot be compressed, beside the queue.
  const manifests = join(stage.folder, "manifests");
  await mkdir(manifests);
  const noise = Buffer.concat(Array.from({ length: 24 }, () => crypto.getRandomValues(Buffer.alloc(65_536))));
  await writeFile(join(manifests, "a"), noise);
  const recipient = await identityToRecipient(await generateX25519Identity());
  const large = { ...env, BRIDGE_URL: bridge.url, BACKUP_MANIFESTS_FOLDER: manifests, BACKUP_RECIPIENTS: recipient };

  const killed = stage.start("backup", {
    HMAC_SECRET: bridgeEnv("", stage.telegram).HMAC_SECRET ?? "",
    ...large,
    BACKUP_NAME: "cut",
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(heldUp)}`,
  });
  await until("a part of an archive", async () => (await readdir(folder)).includes(".cut.cctb.partial"));
  killed.child.kill("SIGKILL");
  await killed.exited;
  expect((await readdir(folder)).sort()).toEqual([".cut.cctb.partial", "kept.cctb", "kept.cctb.sha256"]);
  expect(await sha256Of(join(folder, "kept.cctb"))).toBe(kept);

  expect((await backup({ ...env, BRIDGE_URL: bridge.url, BACKUP_NAME: "next" })).code).toBe(0);
  expect((await readdir(folder)).sort()).toEqual(["kept.cctb", "kept.cctb.sha256", "next.cctb", "next.cctb.sha256"]);
});

test("a bridge that is killed while a backup reads it leaves no archive, and what it had acknowledged is in the next one", async () => {
  const dataDir = join(stage.folder, "data");
  const bridge = await startBridge(dataDir);
  const { target, env } = await targets();
  const events = Array.from({ length: 20 }, (_, n) => `kept-${n}`);
  for (const id of events) expect((await post(bridge.url, eventOf(id))).status).toBe(202);
  const way = await stalling(bridge.url, 50_000);
  const broken = backup({ ...env, BRIDGE_URL: way.url, BRIDGE_TIMEOUT: "5000", BACKUP_NAME: "broken" });
  const { cut } = await way.reached;
  bridge.process.child.kill("SIGKILL");
  await bridge.process.exited;
  cut();
  expect(await broken).toMatchObject({ code: 1, words: { code: "BACKUP_SNAPSHOT_INCOMPLETE" } });
  way.close();
  expect(await readdir(target)).toEqual([]);

  const next = await startBridge(dataDir);
  const { code, words } = await backup({ ...env, BRIDGE_URL: next.url, BACKUP_NAME: "next" });
  expect({ code, words }).toMatchObject({ code: 0, words: { verified: true } });
  const location = pathToFileURL(join(target, "notes/team/next.cctb")).href;
  const restored = join(stage.folder, "restored");
  expect(await runHere(stage.folder, "restore", { RESTORE_SOURCE: location, DATA_DIR: restored })).toMatchObject({
    code: 0,
  });
  expect(eventsIn(join(restored, "queue.sqlite"))).toEqual(expect.arrayContaining(events));
});

/** The scripts of docs/backup.md, in the folder of this test. */
function documented(): readonly string[] {
  const blocks = blocksIn(readPage("backup")).filter((block) => commandsOf(block).length > 0);
  const places = { "/etc/cctelegram": "etc", "/var/backups/cctelegram": "backups", "/var/lib/cctelegram": "restored" };
  const here = Object.entries(places).map(([path, name]) => [path, join(stage.folder, name)] as const);
  return blocks.map((block) =>
    here
      .reduce((text, [path, folder]) => text.replaceAll(path, folder), block.text)
      .replaceAll("node dist/server/main.js", `exec ${process.execPath} ${programOf("server")}`),
  );
}

test("the documented commands back a standalone server up, with its logs, and restore it without Kubernetes", async () => {
  const [start = "", backUp = "", restoreIt = "", ...others] = documented();
  expect(others).toEqual([]);
  for (const name of ["etc", "backups"]) await mkdir(join(stage.folder, name));
  const port = await freePort();
  const at = (text: string) => text.replaceAll("9001", `${port}`);
  const { HMAC_SECRET: _secret, BRIDGE_PORT: _port, ...env } = bridgeEnv(join(stage.folder, "data"), stage.telegram);
  const own = { ...env, PATH: process.env.PATH ?? "", HOME: stage.folder, MCP_SERVER_PORT: "0" };
  const shell = (command: string, further = {}) => {
    const options = { cwd: join(import.meta.dirname, "../../.."), env: { ...own, ...further } };
    return spawn("bash", ["-euc", command], { ...options, stdio: ["ignore", "pipe", "inherit"] });
  };
  const ended = async (command: string) => (await once(shell(command), "exit"))[0];

  const server = shell(at(start), { CC_TELEGRAM_LOGS_DIR: join(stage.folder, "logs") });
  server.stdout.resume();
  const secret = async () => (await readFile(join(stage.folder, "etc/hmac"), "utf8")).trim();
  const kept = JSON.stringify(eventOf("kept"));
  const isKept = async () =>
    (await signedFetch(`http://127.0.0.1:${port}/events`, "POST", kept, await secret())).status === 202;
  try {
    await until("the server keeps an event", () => isKept().catch(() => false), 60_000);
    expect(await ended(at(backUp))).toBe(0);
  } finally {
    server.kill("SIGTERM");
    await once(server, "exit");
  }
  const folder = join(stage.folder, "backups/cctelegram");
  const [archive = ""] = (await readdir(folder)).filter((name) => name.endsWith(".cctb"));
  expect(await ended(`cd ${folder} && sha256sum --check *.sha256`)).toBe(0);
  expect(execFileSync("tar", ["tzf", join(folder, archive)], { encoding: "utf8" })).toContain("logs/application.log");
  expect(await ended(restoreIt.replace("NAME.cctb", archive))).toBe(0);
  expect(eventsIn(join(stage.folder, "restored/queue.sqlite"))).toEqual(["kept"]);
  // As the guides call the folder.
  const guide = { BACKUP_DIR: join(stage.folder, "backups"), BRIDGE_TIMEOUT: "1000", BRIDGE_URL: "http://127.0.0.1:9" };
  expect(await backup(guide)).toMatchObject({ words: { code: "BACKUP_BRIDGE_UNREACHABLE" } });
});

const noMount = process.getuid?.() === 0 ? "" : " (not run: mounting a small file system needs root)";

test.skipIf(noMount !== "")(`a target that is full, or not there, leaves nothing behind${noMount}`, async () => {
  const bridge = await startBridge(join(stage.folder, "data"));
  const { target, env } = await targets();
  const manifests = join(stage.folder, "manifests");
  await mkdir(manifests);
  for (const name of ["a", "b", "c"])
    await writeFile(join(manifests, name), crypto.getRandomValues(Buffer.alloc(65_536)));
  const recipient = await identityToRecipient(await generateX25519Identity());
  const large = { ...env, BRIDGE_URL: bridge.url, BACKUP_MANIFESTS_FOLDER: manifests, BACKUP_RECIPIENTS: recipient };
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", target]);
  try {
    expect(await backup(large)).toMatchObject({ code: 1, words: { code: "BACKUP_TARGET_FULL" } });
    expect(await readdir(join(target, "notes/team"))).toEqual([]);
  } finally {
    execFileSync("umount", [target]);
  }
  const gone = await backup({ ...env, BRIDGE_URL: bridge.url, BACKUP_TARGET: `${env.BACKUP_TARGET}/gone` });
  expect(gone).toMatchObject({ code: 1, words: { code: "BACKUP_TARGET_UNUSABLE" } });
  expect(await readdir(target)).toEqual([]);
});
