import { badRequest } from "./api-error.ts";
import { plainTextOf } from "./markup.ts";

/** Largest text before parsing (tdlib/telegram-bot-api Client.cpp: `text.size() > (1 << 15)`) and after it. */
const MAX_BYTES = 32_768;
const MAX_UNITS = 4_096;
const MAX_CAPTION_UNITS = 1_024;
const MAX_ENTITIES = 100;
const MAX_CALLBACK_BYTES = 64;

const ENTITY_TYPES = new Set([
  "mention",
  "hashtag",
  "cashtag",
  "bot_command",
  "url",
  "email",
  "phone_number",
  "bold",
  "italic",
  "underline",
  "strikethrough",
  "spoiler",
  "blockquote",
  "expandable_blockquote",
  "code",
  "pre",
  "text_link",
  "text_mention",
  "custom_emoji",
]);

/** Throws what Telegram would answer to a text that it cannot send. */
export function checkText(text: unknown, parseMode: unknown, entities: unknown): string {
  if (typeof text !== "string" || text === "") throw badRequest("message text is empty");
  if (Buffer.byteLength(text) > MAX_BYTES) throw badRequest("message is too long");
  const plain = parseMode === undefined ? text : plainTextOf(text, String(parseMode));
  if (plain.trim() === "") throw badRequest("message text is empty");
  if (plain.length > MAX_UNITS) throw badRequest("message is too long");
  if (entities !== undefined) checkEntities(plain, entities);
  return plain;
}

/** Throws what Telegram would answer to a caption that it cannot send. There may be none. */
export function checkCaption(caption: unknown, parseMode: unknown, entities: unknown): string {
  if (caption === undefined) return "";
  if (typeof caption !== "string") throw badRequest('field "caption" must be of type String');
  const plain = parseMode === undefined ? caption : plainTextOf(caption, String(parseMode));
  if (plain.length > MAX_CAPTION_UNITS) throw badRequest("message caption is too long");
  if (entities !== undefined) checkEntities(plain, entities);
  return plain;
}

function checkEntities(text: string, entities: unknown): void {
  if (!Array.isArray(entities)) throw badRequest("can't parse entities: expected an Array");
  if (entities.length > MAX_ENTITIES) throw badRequest("too many entities");
  for (const entity of entities) checkEntity(text, entity);
}

function checkEntity(text: string, { type, offset, length }: Record<string, unknown>): void {
  if (typeof type !== "string" || !ENTITY_TYPES.has(type)) {
    throw badRequest(`can't parse entities: unsupported entity type ${type}`);
  }
  if (!isWhole(offset) || !isWhole(length) || length === 0 || offset + length > text.length) {
    throw badRequest(`can't parse entities: entity ${offset}+${length} is outside of the text`);
  }
  if (halvesPair(text, offset) || halvesPair(text, offset + length)) {
    throw badRequest("can't parse entities: entity begins or ends in the middle of a UTF-16 symbol");
  }
}

const PREVIEW_OPTIONS: Readonly<Record<string, string>> = {
  is_disabled: "boolean",
  url: "string",
  prefer_small_media: "boolean",
  prefer_large_media: "boolean",
  show_above_text: "boolean",
};

/** Throws for options of a link's preview that Telegram does not know. */
export function checkPreviewOptions(options: unknown): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null) throw badRequest("object expected as link preview options");
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== PREVIEW_OPTIONS[name]) throw badRequest(`can't parse link preview options: field "${name}"`);
  }
}

/** Throws for a keyboard that Telegram refuses. */
export function checkReplyMarkup(markup: unknown): void {
  if (markup === undefined) return;
  if (typeof markup !== "object" || markup === null) throw badRequest("object expected as reply markup");
  const rows: unknown = "inline_keyboard" in markup ? markup.inline_keyboard : [];
  if (!Array.isArray(rows)) throw badRequest('field "inline_keyboard" must be of type Array');
  for (const button of rows.flat()) checkButton(button);
}

function checkButton(button: { readonly text?: unknown; readonly callback_data?: unknown } | null): void {
  if (typeof button?.text !== "string" || button.text === "") throw badRequest("BUTTON_TEXT_INVALID");
  const { callback_data: data } = button;
  if (data === undefined) return;
  const bytes = typeof data === "string" ? Buffer.byteLength(data) : 0;
  if (bytes < 1 || bytes > MAX_CALLBACK_BYTES) throw badRequest("BUTTON_DATA_INVALID");
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function halvesPair(text: string, at: number): boolean {
  return at > 0 && /[\uD800-\uDBFF]/.test(text.charAt(at - 1)) && /[\uDC00-\uDFFF]/.test(text.charAt(at));
}
