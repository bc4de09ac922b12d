import { ApiError } from "./api-error.ts";

/** A person who uses the bot. */
export type TestPerson = { readonly id: number; readonly first_name?: string; readonly username?: string };

/** Somebody says something: in the private chat with the bot, unless `chat_id` names a group. */
export type Saying = {
  readonly from: TestPerson;
  readonly chat_id?: number;
  /** The topic of the group. Default: that of the message which is answered, else General. */
  readonly topic?: number;
  readonly text?: string;
  /** Of a picture; without `text`. */
  readonly caption?: string;
  /** The message in that chat that it answers. */
  readonly reply_to?: number;
  /** With a caption, or without. */
  readonly file?: SentFile;
};

export type SentFile = {
  readonly kind: "document" | "photo";
  readonly name?: string;
  readonly mime?: string;
  readonly content?: string;
  /** In bytes. Default: that of the content. */
  readonly size?: number;
};

/** Somebody presses a button under a message of the bot. */
export type Pressing = {
  readonly from: TestPerson;
  readonly chat_id: number;
  readonly message_id: number;
  readonly data: string;
};

export function userOf({ id, first_name = `Person ${id}`, username }: TestPerson) {
  return { id, is_bot: false, first_name, ...(username !== undefined && { username }) };
}

/** What a person cannot do; a mistake of the test. */
export function impossible(what: string): ApiError {
  return new ApiError(400, `Impossible: ${what}`);
}
