import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { expect, test } from "vitest";
import { eventOf, post, signedFetch, until } from "../bridge/support.ts";
import type { Process } from "../support/process.ts";
import { processStage } from "../support/process-stage.ts";
import { bridgeEnv, runJob, sha256Of } from "./support.ts";

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

const backup = (env: Record<string, string>) => runJob(stage.folder, "backup", env);
const restore = (env: Record<string, string>) => runJob(stage.folder, "restore", env);

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
  const delivered = () => stage.telegram.delivered().length;
  await until("deliveries", () => delivered() > 4);
  const [before, sent] = [producers.flatMap(({ acknowledged }) => acknowledged), delivered()];

  const { code, words, log } = await backup({ ...env, BRIDGE_URL: bridge.url, BACKUP_NAME: "loaded" });
  expect(log).toContain("backup stored");
  expect(code).toBe(0);
  const path = join(target, "notes/team/loaded.cctb");
  const location = pathToFileURL(path).href;
  expect(words).toMatchObject({ location, sha256: await sha256Of(path), verified: true, schemaVersion: 10 });
  expect(delivered()).toBeGreaterThan(sent);
  const during = producers.flatMap(({ acknowledged }) => acknowledged).length;
  expect(during).toBeGreaterThan(before.length);
  const slowest = await Promise.all(producers.map(({ stop }) => stop()));
  // Its copy of what it reads is given up: a second bridge is still kept from the file.
  const second = stage.start("bridge", bridgeEnv(join(stage.folder, "data"), stage.telegram));
  expect(await second.exited).toBe(78);
  expect(second.stderr()).toContain("is in use by another bridge");

  const began = performance.now();
  const dataDir = join(stage.folder, "restored");
  const restored = await restore({ RESTORE_SOURCE: location, DATA_DIR: dataDir });
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

test("a backup that is killed leaves the archives as they were, and the next one cleans up after it", async () => {
  const bridge = await startBridge(join(stage.folder, "data"));
  const { target, env } = await targets();
  await backup({ ...env, BRIDGE_URL: bridge.url, BACKUP_NAME: "kept" });
  const folder = join(target, "notes/team");
  const kept = await sha256Of(join(folder, "kept.cctb"));
  // Large enough to be met in the middle: what cannot be compressed, beside the queue.
  const manifests = join(stage.folder, "manifests");
  await mkdir(manifests);
  const noise = Buffer.concat(Array.from({ length: 24 }, () => crypto.getRandomValues(Buffer.alloc(65_536))));
  for (const name of ["a", "b", "c", "d", "e", "f", "g", "h"]) await writeFile(join(manifests, name), noise);
  const recipient = await identityToRecipient(await generateX25519Identity());
  const large = { ...env, BRIDGE_URL: bridge.url, BACKUP_MANIFESTS_FOLDER: manifests, BACKUP_RECIPIENTS: recipient };

  const killed = stage.start("backup", {
    HMAC_SECRET: bridgeEnv("", stage.telegram).HMAC_SECRET ?? "",
    ...large,
    BACKUP_NAME: "cut",
  });
  await until("half of an archive", async () => (await readdir(folder)).includes(".cut.cctb.partial"), 60_000);
  killed.child.kill("SIGKILL");
  await killed.exited;
  expect((await readdir(folder)).sort()).toEqual([".cut.cctb.partial", "kept.cctb", "kept.cctb.sha256"]);
  expect(await sha256Of(join(folder, "kept.cctb"))).toBe(kept);

  expect((await backup({ ...env, BRIDGE_URL: bridge.url, BACKUP_NAME: "next" })).code).toBe(0);
  expect((await readdir(folder)).sort()).toEqual(["kept.cctb", "kept.cctb.sha256", "next.cctb", "next.cctb.sha256"]);
});

test("a standalone server with a secret is backed up and restored without Kubernetes, with its configuration and logs", async () => {
  const [dataDir, logs, target] = ["data", "logs", "backups"].map((name) => join(stage.folder, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(target);
  const secret = "a-secret-of-the-machine-itself-0123";
  const alone = { ...bridgeEnv(dataDir, stage.telegram), MCP_SERVER_PORT: "0", CC_TELEGRAM_LOGS_DIR: logs };
  const server = stage.start("standalone", { ...alone, HMAC_SECRET: secret, HOME: stage.folder });
  const { bridge = "" } = await server.logged("ready to work");
  expect((await signedFetch(`${bridge}/events`, "POST", JSON.stringify(eventOf("kept")), secret)).status).toBe(202);

  const { code } = await backup({ HMAC_SECRET: secret, BRIDGE_URL: bridge, BACKUP_DIR: target, BACKUP_NAME: "guide" });
  expect(code).toBe(0);
  const path = join(target, "cctelegram/guide.cctb");
  const restored = join(stage.folder, "restored");
  expect((await restore({ RESTORE_SOURCE: pathToFileURL(path).href, DATA_DIR: restored })).code).toBe(0);
  expect(eventsIn(join(restored, "queue.sqlite"))).toEqual(["kept"]);
});
