import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Dispatcher, request } from "undici";
import { snapshotEntries } from "../../contract/backup.ts";
import { routes } from "../../contract/routes.ts";
import { signedHeaders } from "../../contract/signature.ts";
import { BackupError, reasonOf } from "./backup-error.ts";
import { tarEntries, writeEntry } from "./tar-entries.ts";

export type SnapshotOptions = {
  readonly url: string;
  readonly secret: string;
  /** An empty folder. */
  readonly folder: string;
  /** Milliseconds in which the bridge has to begin to answer. */
  readonly patienceMs: number;
  readonly clock: () => number;
  readonly signal: AbortSignal;
};

const RETRY_MS = 500;
const SILENCE_MS = 30_000;

/**
 * Reads the bridge's snapshot into a folder, and resolves with the names in it. A bridge that restarts, or that is read by another
 * backup, is asked again.
 */
export async function readSnapshot(options: SnapshotOptions): Promise<readonly string[]> {
  const body = await answered(options);
  const names: string[] = [];
  try {
    for await (const entry of tarEntries(body)) {
      if (!isExpected(entry.name)) throw new Error("it holds something unexpected");
      const path = join(options.folder, entry.name);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeEntry(entry, path);
      names.push(entry.name);
    }
  } catch (error) {
    const isFull = error instanceof Error && "code" in error && /^(ENOSPC|EDQUOT)$/.test(String(error.code));
    const reason = reasonOf(error);
    if (isFull) throw new BackupError("BACKUP_TARGET_FULL", { target: options.folder, reason }, error);
    throw new BackupError("BACKUP_SNAPSHOT_INCOMPLETE", { reason }, error);
  }
  if (!names.includes(snapshotEntries.queue)) {
    throw new BackupError("BACKUP_SNAPSHOT_INCOMPLETE", { reason: "the queue is not in it" });
  }
  return names;
}

const isExpected = (name: string) => name === snapshotEntries.queue || /^logs\/[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name);

type Refusal = {
  readonly code: "BACKUP_BRIDGE_UNREACHABLE" | "BACKUP_BRIDGE_REFUSED";
  readonly reason: string;
  /** The next try may be answered. */
  readonly again: boolean;
};

async function answered(options: SnapshotOptions): Promise<AsyncIterable<Uint8Array>> {
  const deadline = performance.now() + options.patienceMs;
  for (;;) {
    const outcome = await asked(options).catch(unreachable);
    if (!("code" in outcome)) return outcome;
    options.signal.throwIfAborted();
    const { code, reason, again } = outcome;
    if (!again || performance.now() + RETRY_MS >= deadline) throw new BackupError(code, { url: options.url, reason });
    await sleep(RETRY_MS, undefined, { signal: options.signal });
  }
}

const unreachable = (error: unknown): Refusal => {
  const reason = error instanceof Error && "code" in error ? `${reasonOf(error)} (${error.code})` : reasonOf(error);
  return { code: "BACKUP_BRIDGE_UNREACHABLE", reason, again: true };
};

async function asked({ url, secret, clock, signal }: SnapshotOptions): Promise<AsyncIterable<Uint8Array> | Refusal> {
  const timestampSeconds = Math.floor(clock() / 1000);
  const answer = await request(url + routes.backup, {
    headers: signedHeaders(secret, { method: "GET", path: routes.backup, timestampSeconds, body: "" }),
    bodyTimeout: SILENCE_MS,
    headersTimeout: SILENCE_MS,
    signal,
  });
  return answer.statusCode === 200 ? answer.body : refusal(answer);
}

/** During a rotation one side may have the new secret first, so that a wrong signature is tried again, too. */
async function refusal({ statusCode, body }: Dispatcher.ResponseData): Promise<Refusal> {
  const reason = `it answers ${statusCode} (${said(await body.text())})`;
  if (statusCode === 503) return { code: "BACKUP_BRIDGE_UNREACHABLE", reason, again: true };
  return { code: "BACKUP_BRIDGE_REFUSED", reason, again: statusCode === 401 };
}

function said(text: string): string {
  try {
    const { message } = JSON.parse(text);
    return typeof message === "string" ? reasonOf(message) : "without a reason";
  } catch {
    return "without a reason";
  }
}
