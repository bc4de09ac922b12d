import type { ChannelEvent } from "../../../contract/sessions.ts";
import type { Said } from "../receiving/meaning.ts";

/** What waits for a session, as its row holds it. Times are milliseconds since the epoch. */
export type KeptEvent = {
  readonly id: number;
  readonly kind: ChannelEvent["kind"];
  /** Who alone is told; undefined: whoever holds the session. */
  readonly forHolder: string | undefined;
  readonly at: number;
  readonly content: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly response: number | undefined;
  /** The generation that it was handed over to first. */
  readonly firstHanded: number | undefined;
};

/** What is known of a file that somebody sent. */
export type SentFile = NonNullable<Said["file"]> & { readonly id: number };

/** The model reads content and meta as text of a tag: nobody may end it, or begin another. */
export function harmless(text: string): string {
  return text.replace(/<(?=\/?channel\b)/gi, "&lt;");
}

/** Of an attribute: one line without what could end it. */
function attribute(value: string | number): string {
  return String(value)
    .replace(/["<>&]/g, "'")
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .slice(0, 256)
    .toWellFormed();
}

/** What a person said, as the session gets it: the attributes that people know of the official plugin, and some more. */
export function metaOf(said: Said, file: SentFile | undefined): Readonly<Record<string, string>> {
  const { chatId, topic, messageId, from, repliesTo } = said;
  const all: Readonly<Record<string, string | number | undefined>> = {
    chat_id: chatId,
    topic,
    message_id: messageId,
    user: from.username ?? from.first_name,
    user_id: from.id,
    reply_to_message_id: repliesTo,
    attachment_id: file?.id,
    attachment_kind: file?.kind,
    attachment_name: file?.name,
    attachment_mime: file?.mime,
    attachment_size: file?.size,
  };
  const known = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, attribute(value)]]));
  return Object.fromEntries(known);
}

/** A text for the session; of what has none, what it is. */
export function contentOf({ text, file }: Pick<Said, "text" | "file">): string {
  if (text !== "") return harmless(text);
  return file === undefined ? "(something that is no text)" : `(${file.kind})`;
}

/** What waits, as the session is told it in this generation. Pure. */
export function toldEvent(
  event: KeptEvent,
  { now, generation }: { readonly now: number; readonly generation: number },
): ChannelEvent {
  const { id, at, content, meta, response = null, firstHanded } = event;
  const when = new Date(at).toISOString();
  if (event.kind === "verdict") {
    const behavior = meta.behavior === "allow" ? "allow" : "deny";
    return { id, at: when, kind: "verdict", verdict: { request_id: content, behavior } };
  }
  const again = firstHanded !== undefined && firstHanded < generation;
  return {
    ...{ id, at: when, kind: "message", response, content },
    meta: {
      event_id: `said-${id}`,
      ...meta,
      ts: when,
      age_seconds: String(Math.max(0, Math.round((now - at) / 1000))),
      ...(again && { again: "true" }),
    },
  };
}
