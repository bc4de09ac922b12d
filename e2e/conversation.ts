import { expect } from "vitest";
import type { TestPerson } from "../test/telegram/people.ts";
import { controlTelegram, killProgram, kubectl, type Pod, podsOf, telegramLog } from "./environment.ts";

/** The bot that a test talks with: the stand-in has others. */
export type Talk = { readonly bot: number };

export type Question = {
  readonly chat_id: number;
  readonly message_id: number;
  /** The text that the message has now. */
  readonly text: string;
  /** The data of its buttons, as it was sent. */
  readonly data: readonly string[];
};

type Logged = Awaited<ReturnType<typeof telegramLog>>[number];

/**
 * The newest message with buttons in each chat that has a text, when there are so many; `ended`: when all of them have lost
 * their buttons.
 */
export async function questionsOf(
  { bot }: Talk,
  words: string,
  count: number,
  { ended = false } = {},
): Promise<readonly Question[]> {
  const look = async () => {
    const log = (await telegramLog()).filter((each) => each.bot === bot && each.status === 200);
    const questions = new Map(log.flatMap((each) => questionIn(each, words)).map((found) => [found.chat_id, found]));
    const now = [...questions.values()].map((question) => ({ ...question, ...lastEdit(log, question) }));
    return now.filter(({ hasButtons = true }) => !ended || !hasButtons);
  };
  await expect.poll(async () => (await look()).length, { timeout: 60_000, interval: 250 }).toBe(count);
  return look();
}

function questionIn({ method, chat_id, message_id, text = "", reply_markup }: Logged, words: string): Question[] {
  const rows = reply_markup?.inline_keyboard;
  if (method !== "sendMessage" || rows === undefined || chat_id === undefined || message_id === undefined) return [];
  return text.includes(words)
    ? [{ chat_id, message_id, text, data: rows.flat().map((each) => each.callback_data) }]
    : [];
}

function lastEdit(log: readonly Logged[], { chat_id, message_id }: Question) {
  const edit = log.findLast(
    ({ method, parameters }) =>
      method === "editMessageText" &&
      Number(parameters?.chat_id) === chat_id &&
      Number(parameters?.message_id) === message_id,
  )?.parameters;
  return edit === undefined ? {} : { text: String(edit.text), hasButtons: edit.reply_markup !== undefined };
}

/** Somebody presses a button; `isForged`: one that is not there any more, as clients that are not Telegram's own can. */
export async function pressing(
  { bot }: Talk,
  from: TestPerson,
  question: Question | undefined,
  option: number,
  { isForged = false } = {},
): Promise<void> {
  if (question === undefined) throw new Error("there is no such question");
  const { chat_id, message_id, data } = question;
  const press = { from, chat_id, message_id, data: data[option] ?? "" };
  await controlTelegram(bot, isForged ? { updates: [forged(press)] } : { presses: [press] });
}

function forged({
  from,
  chat_id,
  message_id,
  data,
}: {
  from: TestPerson;
  chat_id: number;
  message_id: number;
  data: string;
}) {
  const person = { is_bot: false, first_name: "Forger", ...from };
  const message = { message_id, date: 1, chat: { id: chat_id, type: "private" }, text: "x" };
  return { callback_query: { id: `forged-${message_id}`, from: person, message, chat_instance: "1", data } };
}

/** The pod goes with its program: a container that ends again and again would be started later and later. */
export async function killPod(namespace: string, pod: Pod): Promise<void> {
  killProgram(pod);
  await kubectl(["-n", namespace, "delete", "pod", pod.metadata.name, "--grace-period=0", "--force"]);
}

export async function killBridgeOf(namespace: string, resource: string, whileAway = async () => {}): Promise<void> {
  const [pod] = await podsOf(namespace, resource, "bridge");
  if (pod === undefined) throw new Error("there is no bridge");
  await killPod(namespace, pod);
  const { name, uid } = pod.metadata;
  const uids = async () => (await podsOf(namespace, resource, "bridge")).map(({ metadata }) => metadata.uid);
  await expect.poll(uids).not.toContain(uid);
  await whileAway();
  await kubectl(["-n", namespace, "wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s"]);
}
