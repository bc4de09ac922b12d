import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTelegram, type TelegramOptions, type TelegramServer } from "../../test/telegram/telegram.ts";
import type { Program } from "./program.ts";

/** What a bench runs on. Its end stops the programs and removes the folder. */
export type Stage = AsyncDisposable & {
  readonly telegram: TelegramServer;
  readonly folder: string;
  readonly started: Set<Program>;
};

export async function stageWith(options: TelegramOptions = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "cctelegram-bench-"));
  const telegram = await startTelegram(options);
  const started = new Set<Program>();
  return {
    telegram,
    folder,
    started,
    async [Symbol.asyncDispose]() {
      await Promise.all([...started].map((program) => program.stop()));
      await telegram.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
