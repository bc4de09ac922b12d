import { afterEach, beforeEach } from "vitest";
import { startTelegram, type TelegramServer } from "./telegram.ts";

export const TOKEN = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456";
export const UNLIMITED = false;

/** A new one for each test of a file that calls `stage`. */
export let telegram: TelegramServer;
/** Its time that never goes backwards, in ms; 0 when a test begins. */
export const clock = { steady: 0 };

/** A stand-in for Telegram with one bot, three people and a group. */
export function stage(): void {
  beforeEach(async () => {
    clock.steady = 0;
    telegram = await startTelegram({ tokens: [TOKEN], chats: [1, 2, 3, -5], steady: () => clock.steady });
  });

  afterEach(() => telegram.close());
}

export type Answer = {
  ok: boolean;
  error_code?: number;
  description?: string;
  parameters?: Record<string, number>;
  result?: unknown;
};

export async function call(method: string, parameters: unknown = {}, token = TOKEN): Promise<Answer> {
  const body = JSON.stringify(parameters);
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${telegram.url}/bot${token}/${method}`, { method: "POST", body, headers });
  return (await answer.json()) as Answer;
}

export const send = (parameters: object) => call("sendMessage", { chat_id: 1, text: "hello", ...parameters });
