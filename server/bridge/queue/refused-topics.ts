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

  /** True while it is not worth a try. */
  isLeftAlone(place: Place, now: number): boolean {
    const known = this.#topics.get(keyOf(place));
    return known !== undefined && known.at + LEFT_ALONE_MS > now;
  }

  refused(topic: RefusedTopic): void {
    this.#sql.refuseTopic.run(topic.chatId, topic.topic, topic.error, topic.at);
    this.#keep(topic);
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
