import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { startTelegram, type TelegramServer } from "../../telegram/telegram.ts";
import { type Process, startProcess } from "./process.ts";

export type ProcessStage = {
  /** Of this test alone. */
  readonly folder: string;
  /** Without limits, unless a test sets some. */
  readonly telegram: TelegramServer;
  /** Starts the image's program in a role; it ends with the test. */
  start(role: string, env: Record<string, string>): Process;
};

/** A folder and a stand-in for Telegram for each test of a file, and an end of every process that the test has started. */
export function processStage(prefix: string): ProcessStage {
  const started: Process[] = [];
  let folder = "";
  let telegram: TelegramServer;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), `${prefix}-`));
    telegram = await startTelegram({ limits: false });
  });
  afterEach(async () => {
    for (const { child, exited } of started.splice(0)) {
      child.kill("SIGKILL");
      await exited;
    }
    await telegram.close();
    await rm(folder, { recursive: true });
  });
  return {
    get folder() {
      return folder;
    },
    get telegram() {
      return telegram;
    },
    start(role, env) {
      const process = startProcess([role], env);
      started.push(process);
      return process;
    },
  };
}
