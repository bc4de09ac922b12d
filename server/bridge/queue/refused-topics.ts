import type { OutgoingMessage } from "./message.ts";
import type { RefusedTopic } from "./queue.ts";
import type { prepare } from "./sqlite-statements.ts";

/** A topic that was refused is left alone so long, so that each message does not take two requests of the group's limit. */
const LEFT_ALONE_MS = 600_000;

type Place = Pick<RefusedTopic, "chatId" | "topic">;

/** The topics that Telegram refused: in memory for reading, in the queue's file for the next process. */
export class RefusedTopics {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #topics = new Map<string, RefusedTopic>();

  constructor(sql: ReturnType<typeof prepare>) {
    this.#sql = sql;
  }

  get all(): readonly RefusedTopic[] {
    return [...this.#topics.values()];
  }

  /** Reads them again from the file. */
  load(): void {
    this.#topics.clear();
    for (const { chat_id, topic, error, at } of this.#sql.refusedTopics.all()) {
      this.#keep({ chatId: Number(chat_id), topic: Number(topic), error: String(error), at: Number(at) });
    }
  }

  /** The message as it is to be sent: without its topic, while that is left alone. */
  around(message: OutgoingMessage, now: number): OutgoingMessage {
    const { topic, ...inGeneral } = message;
    const known = topic === undefined ? undefined : this.#topics.get(keyOf({ chatId: message.chatId, topic }));
    if (known === undefined || known.at + LEFT_ALONE_MS <= now) return message;
    this.#sql.leaveTopic.run(message.id);
    return inGeneral;
  }

  /** A message was refused for its topic, which it loses. */
  refused(messageId: number, error: string, at: number): void {
    const { chat_id, topic } = this.#sql.topicOf.get(messageId) ?? {};
    if (typeof topic !== "number") return;
    const chatId = Number(chat_id);
    this.#sql.refuseTopic.run(chatId, topic, error, at);
    this.#keep({ chatId, topic, error, at });
    this.#sql.leaveTopic.run(messageId);
  }

  /** A message arrived in it, or nobody is interested any more. */
  forget(place: Place): void {
    if (this.#topics.delete(keyOf(place))) this.#sql.acceptTopic.run(place.chatId, place.topic);
  }

  forgetBefore(time: number): void {
    for (const each of this.all) if (each.at < time) this.forget(each);
  }

  #keep(topic: RefusedTopic): void {
    this.#topics.set(keyOf(topic), topic);
  }
}

function keyOf({ chatId, topic }: Place): string {
  return `${chatId} ${topic}`;
}
