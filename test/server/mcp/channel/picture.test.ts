import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { expect, test, vi } from "vitest";
import { type Bubble, picture } from "../../../telegram/picture.ts";
import type { Received } from "../../../telegram/received.ts";
import type { TelegramServer } from "../../../telegram/telegram.ts";
import { press, questionIn } from "../../bridge/approvals/support.ts";
import { ANNA } from "../../bridge/sessions/talk.ts";
import { until } from "../../bridge/support.ts";
import { Stage } from "./stage.ts";

const images = join(import.meta.dirname, "../../../../docs/images");
/** `RECORD=1` writes the pictures. */
const isRecording = process.env.RECORD === "1";

const stage = new Stage();

/** What Anna sees of her chat, from what she wrote and what Telegram has of the bot. */
class Phone {
  readonly #telegram: TelegramServer;
  readonly #shown: (Bubble & { readonly id: number | undefined })[] = [];
  #seen = 0;

  constructor(telegram: TelegramServer) {
    this.#telegram = telegram;
  }

  /** What the bot has sent since stands above it. */
  write(text: string): void {
    this.#look();
    this.#shown.push({ from: "me", text, id: undefined });
  }

  bubbles(reactions: ReadonlyMap<string, string>): readonly Bubble[] {
    this.#look();
    return this.#shown.map(({ id, ...bubble }) => {
      const reaction = reactions.get(bubble.text);
      return { ...bubble, ...this.#edited(id), ...(reaction !== undefined && { reaction }) };
    });
  }

  #look(): void {
    const all = this.#telegram.delivered().filter(({ chat_id }) => chat_id === ANNA.id);
    for (const message of all.slice(this.#seen))
      this.#shown.push({ from: "bot", ...contentOf(message), id: message.message_id });
    this.#seen = all.length;
  }

  #edited(id: number | undefined) {
    const edit = this.#telegram
      .calls("editMessageText")
      .findLast(({ status, parameters }) => status === 200 && Number(parameters?.message_id) === id);
    return id === undefined || edit === undefined ? {} : contentOf(edit.parameters as Pick<Received, "text">);
  }
}

function contentOf({ text = "", entities, reply_markup }: Pick<Received, "text" | "entities" | "reply_markup">) {
  const rows = (reply_markup as { inline_keyboard?: { text: string }[][] } | undefined)?.inline_keyboard ?? [];
  return {
    ...timeless(text, (entities ?? []) as NonNullable<Bubble["entities"]>),
    buttons: rows.map((row) => row.map((button) => button.text)),
  };
}

/** Every time is the same. */
function timeless(text: string, entities: NonNullable<Bubble["entities"]>): Pick<Bubble, "text" | "entities"> {
  const always = "2 Jan 2026, 09:30";
  let moved = entities;
  const replaced = text.replaceAll(/\d{1,2} [A-Z][a-z]{2} \d{4}, \d{2}:\d{2}/g, (time, offset: number) => {
    const longer = always.length - time.length;
    moved = moved.map((entity) => (entity.offset > offset ? { ...entity, offset: entity.offset + longer } : entity));
    return always;
  });
  return { text: replaced, entities: moved };
}

async function isAsRecorded(name: string, svg: string): Promise<void> {
  const file = join(images, name);
  if (isRecording) await writeFile(file, svg);
  expect(svg).toBe(await readFile(file, "utf8"));
}

test("the pictures of docs/channel.md are what Telegram has of the example", async () => {
  const { telegram } = stage.talk;
  const phone = new Phone(telegram);
  const write = (text: string) => {
    phone.write(text);
    stage.talk.says(text);
  };
  const { client, heard } = await stage.client({ query: "?session=api" });
  await stage.is("here", "api");
  write("/bind api");
  await stage.talk.tells(ANNA.id, "api hears what is said here");
  const wish = "please run the tests";
  write(wish);
  await vi.waitFor(() => expect(heard.at(-1)?.content).toBe(wish));
  const method = "notifications/claude/channel/permission_request";
  const params = { request_id: "abcde", tool_name: "Bash", description: "Runs the tests", input_preview: "npm test" };
  await client.notification({ method, params } as Parameters<Client["notification"]>[0]);
  await questionIn(telegram, ANNA.id);
  const { message_id } = heard.at(-1)?.meta ?? {};
  const reactions = () =>
    telegram
      .calls("setMessageReaction")
      .filter(({ status, parameters }) => status === 200 && String(parameters?.message_id) === message_id)
      .flatMap(({ parameters = {} }) => (parameters.reaction as { emoji: string }[]).map(({ emoji }) => emoji));
  await until("the last receipt", () => reactions().length === 2);
  const received = new Map([[wish, reactions().at(-1) ?? ""]]);
  await isAsRecorded(
    "channel-question.svg",
    picture("A session asks whether it may use a tool", phone.bubbles(received)),
  );

  await press(telegram, ANNA, 0);
  await until("the outcome", () => telegram.calls("editMessageText").some(({ status }) => status === 200));
  const arguments_ = { chat_id: String(ANNA.id), text: "All 214 tests pass." };
  await client.callTool({ name: "reply", arguments: arguments_ });
  await stage.talk.tells(ANNA.id, "All 214 tests pass.");
  await isAsRecorded(
    "channel-answer.svg",
    picture("What became of it, and the session's answer", phone.bubbles(received)),
  );
});
