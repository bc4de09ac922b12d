import { createHmac, timingSafeEqual } from "node:crypto";

/** 132 bits: too many to guess, and within the 64 bytes that Telegram leaves (Bot API, InlineKeyboardButton). */
const MAC_LENGTH = 22;

/** What stands in the data of a button. */
export type Choice = { readonly approval: number; readonly option: number | "more" };

const PATTERN = /^ap\.([0-9a-z]{1,11})\.([0-9m])\.([\w-]{22})$/;

/**
 * The data of an option's button. A client can send any data for any message that it sees, so the approval's own secret
 * vouches for it.
 */
export function buttonData({ approval, option }: Choice, secret: Buffer): string {
  return `ap.${approval.toString(36)}.${lettersOf(option)}.${macOf({ approval, option }, secret)}`;
}

/** The choice that data tells of, before anybody has vouched for it; undefined for what is no button of an approval. */
export function claimedChoice(data: string): Choice | undefined {
  const [, approval, option] = PATTERN.exec(data) ?? [];
  if (approval === undefined) return undefined;
  return { approval: Number.parseInt(approval, 36), option: option === "m" ? "more" : Number(option) };
}

const lettersOf = (option: Choice["option"]) => (option === "more" ? "m" : String(option));

/** True for data that was made with this secret. */
export function isGenuine(data: string, secret: Buffer): boolean {
  const choice = claimedChoice(data);
  if (choice === undefined) return false;
  const expected = Buffer.from(buttonData(choice, secret));
  const given = Buffer.from(data);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

function macOf({ approval, option }: Choice, secret: Buffer): string {
  return createHmac("sha256", secret)
    .update(`${approval}.${lettersOf(option)}`)
    .digest("base64url")
    .slice(0, MAC_LENGTH);
}
