import { afterEach, beforeEach } from "vitest";
import type { Control } from "../../../telegram/control.ts";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { bridgeFor, configFor, type Overrides, type Scratch, scratch, type TestBridge, until } from "../support.ts";
import { TestSession } from "./support.ts";

export const ANNA = { id: 1, first_name: "Anna" };
export const BEN = { id: 2, first_name: "Ben" };
export const MALLORY = { id: 66, first_name: "Mallory" };
export const GROUP = -1_000_000_000_005;

/** A bridge that hears Anna and Ben, and a group; made anew for every test of the file. */
export class Talk {
  telegram!: TelegramServer;
  bridge!: TestBridge;
  #directory!: Scratch;

  constructor({ telegram: more, ...overrides }: Overrides = {}, control: Control = {}) {
    const start = async (now: Pick<Overrides, "telegram"> = {}) => {
      const fast = { messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 };
      const people = {
        allowedUsers: [1, 2],
        updates: { mode: "Polling" as const, pollSeconds: 1 },
        ...fast,
        ...more,
        ...now.telegram,
      };
      const config = configFor(this.#directory.path, this.telegram.url, { ...overrides, telegram: people });
      this.bridge = await bridgeFor(config);
      await until("Telegram's answer", () => this.bridge.status().telegram.reachable);
    };
    this.start = start;
    beforeEach(async () => {
      this.telegram = await startTelegram({ limits: false });
      this.telegram.control(control);
      this.#directory = await scratch();
      await start();
    });
    afterEach(async () => {
      await this.bridge.close();
      await this.telegram.close();
      await this.#directory[Symbol.asyncDispose]();
    });
  }

  readonly start: (now?: Pick<Overrides, "telegram">) => Promise<void>;

  /** The bridge ends, and another one takes its place, perhaps with other settings of Telegram. */
  async restart(now: Pick<Overrides, "telegram"> = {}): Promise<void> {
    await this.bridge.close();
    await this.start(now);
  }

  session(name: string, client = "ci", holder = `${client}-${name}`): Promise<TestSession> {
    return new TestSession(() => this.bridge, { client, name, holder }).begin();
  }

  says(text: string, more: object = {}): void {
    this.telegram.control({ says: [{ from: ANNA, text, ...more }] });
  }

  /** What Telegram has taken for a chat. */
  told(chat: number) {
    return this.telegram.delivered().filter(({ chat_id }) => chat_id === chat);
  }

  tells(chat: number, part: string): Promise<void> {
    return until(`"${part}" in ${chat}`, () => this.told(chat).some(({ text = "" }) => text.includes(part)));
  }

  /** What the session gets when something waits. */
  async hears(listener: TestSession): Promise<readonly string[]> {
    const all: string[] = [];
    await until(`something for ${listener.who.name}`, async () => {
      all.push(...(await listener.texts()));
      return all.length > 0;
    });
    return all;
  }

  /** A session that hears Anna's private chat. */
  async bound(name: string, client = "ci"): Promise<TestSession> {
    const listener = await this.session(name, client);
    this.says(`/bind ${client}/${name}`);
    await this.tells(1, `${name} hears what is said here`);
    return listener;
  }
}
