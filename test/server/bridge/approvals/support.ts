import type { ApprovalRequest } from "../../../../contract/approvals.ts";
import type { TestPerson } from "../../../telegram/people.ts";
import type { TelegramServer } from "../../../telegram/telegram.ts";
import { until } from "../support.ts";

export const ANNA: TestPerson = { id: 1, first_name: "Anna", username: "anna" };
export const BOB: TestPerson = { id: 2, first_name: "Bob" };
export const CARA: TestPerson = { id: 3, first_name: "Cara" };
export const MALLORY: TestPerson = { id: 66, first_name: "Mallory" };

export function requestFor(id: string, fields: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return {
    approval_id: id,
    client: "ci",
    source: "pipeline",
    title: "Deploy to production?",
    description: "Version 2.1.0, 14 changes.",
    options: ["Approve", "Deny"],
    timeout_minutes: 30,
    on_timeout: "expire",
    required_approvals: 1,
    ...fields,
  };
}

type Sent = {
  readonly chat_id: number;
  readonly message_id: number;
  readonly data: readonly string[];
  readonly texts: readonly string[];
};

/** The messages with buttons that Telegram has taken, in their order. */
export function questions(telegram: TelegramServer): readonly Sent[] {
  return telegram.delivered().flatMap(({ chat_id, message_id, reply_markup }) => {
    const rows = (reply_markup as { inline_keyboard?: { text: string; callback_data: string }[][] })?.inline_keyboard;
    if (rows === undefined || chat_id === undefined || message_id === undefined) return [];
    const buttons = rows.flat();
    return [{ chat_id, message_id, data: buttons.map((b) => b.callback_data), texts: buttons.map((b) => b.text) }];
  });
}

/** The question in a chat, when Telegram has it. */
export async function questionIn(telegram: TelegramServer, chat: number): Promise<Sent> {
  const found = () => questions(telegram).findLast(({ chat_id }) => chat_id === chat);
  await until(`the question in chat ${chat}`, () => found() !== undefined);
  return found() as Sent;
}

/** Somebody presses the button of an option under the question in a chat. */
export async function press(telegram: TelegramServer, from: TestPerson, option: number, chat = from.id): Promise<void> {
  const { chat_id, message_id, data } = await questionIn(telegram, chat);
  telegram.control({ presses: [{ from, chat_id, message_id, data: data[option] ?? "" }] });
}

/** What pressed buttons were answered, in their order. */
export function answers(telegram: TelegramServer): readonly unknown[] {
  return telegram.calls("answerCallbackQuery").map(({ parameters }) => parameters?.text);
}

/** The texts that messages have now instead of those that were sent. */
export function edits(telegram: TelegramServer) {
  return telegram
    .calls("editMessageText")
    .filter(({ status }) => status === 200)
    .map(({ parameters = {} }) => ({
      ...parameters,
      chat_id: Number(parameters.chat_id),
      message_id: Number(parameters.message_id),
      text: String(parameters.text),
    }));
}
