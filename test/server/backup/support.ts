import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readSmallFile } from "../../../config/small-file.ts";
import { type BackupFailure, type BackupResult, lastWordsOf } from "../../../contract/backup.ts";
import { migrate } from "../../../server/bridge/storage/sqlite-schema.ts";
import { loadJob } from "../../../server/config/job-config.ts";
import { runJob as runImageJob } from "../../../server/roles/job.ts";
import { createLogger } from "../../../server/telemetry/logger.ts";
import { recordEnvironment, recordLog } from "../../leaks/recorder.ts";
import type { TelegramServer } from "../../telegram/telegram.ts";
import { SECRET, TOKEN } from "../bridge/support.ts";
import { type Process, startProcess } from "../support/process.ts";

/** The same in this process. */
export async function runHere(folder: string, role: "backup" | "restore", env: Record<string, string>): Promise<Ended> {
  const path = join(folder, `${role}-words`);
  const log: string[] = [];
  const write = (line: string) => {
    log.push(line);
    recordLog(line);
  };
  recordEnvironment(env);
  const all = { HMAC_SECRET: SECRET, TERMINATION_LOG: path, ...env };
  const config = loadJob(role, { env: all, home: folder, readFile: readSmallFile });
  const logger = createLogger({ ...config.log, service: config.service, destination: { write } });
  const world = { clock: Date.now, newId: () => "", signal: new AbortController().signal };
  const code = await runImageJob(config, logger, world);
  return { code, words: lastWordsOf(await readFile(path, "utf8")), log: log.join("") };
}

/** The environment of a bridge, which takes any free port. */
export function bridgeEnv(dataDir: string, telegram: Pick<TelegramServer, "url">): Record<string, string> {
  return {
    HMAC_SECRET: SECRET,
    BRIDGE_HOST: "127.0.0.1",
    BRIDGE_PORT: "0",
    METRICS_ENABLED: "false",
    CC_TELEGRAM_DATA_DIR: dataDir,
    TELEGRAM_BOT_TOKEN: TOKEN,
    TELEGRAM_ALLOWED_USERS: "1,2,3,4",
    TELEGRAM_API_URL: telegram.url,
  };
}

export type Ended = {
  readonly code: number | null;
  readonly words: BackupResult | BackupFailure | undefined;
  readonly log: string;
};

/** Runs a job to its end; its last words are those of its termination log. */
export async function runJob(folder: string, role: "backup" | "restore", env: Record<string, string>): Promise<Ended> {
  const path = join(folder, `${role}-words`);
  await writeFile(path, "");
  const job: Process = startProcess([role], { HMAC_SECRET: SECRET, TERMINATION_LOG: path, ...env });
  const code = await job.exited;
  return { code, words: lastWordsOf(await readFile(path, "utf8")), log: job.stdout() + job.stderr() };
}

/** A queue's file of an older schema, with a message that waits, in a folder. */
export function oldQueue(path: string, schema: number): void {
  const db = new DatabaseSync(path);
  migrate(db, schema);
  const body = schema === 1 ? { name: ", body", value: ", '{}'" } : { name: "", value: "" };
  db.exec(`INSERT INTO events (event_id, accepted_at${body.name}) VALUES ('old', 1${body.value})`);
  db.exec("INSERT INTO messages (event_id, chat_id, part, text, created_at) VALUES ('old', 1, 0, 'of old', 1)");
  db.close();
}

/** A queue's file in which so many messages wait, none like another. */
export function fullQueue(path: string, messages: number, characters: number): void {
  const db = new DatabaseSync(path);
  migrate(db);
  const event = db.prepare("INSERT INTO events (event_id, accepted_at) VALUES (?, 1)");
  const message = db.prepare("INSERT INTO messages (event_id, chat_id, part, text, created_at) VALUES (?, 1, 0, ?, 1)");
  db.exec("BEGIN");
  for (let n = 0; n < messages; n += 1) {
    event.run(`full-${n}`);
    message.run(`full-${n}`, randomBytes(characters / 2).toString("hex"));
  }
  db.exec("COMMIT");
  db.close();
}

export const sha256Of = async (path: string) =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
