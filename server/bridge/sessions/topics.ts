import type { Logger } from "../../telemetry/logger.ts";
import { backoffMs } from "../pacing/backoff.ts";
import type { PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { Store } from "../storage/store.ts";
import { isRefusal, type Problem } from "../telegram/problem.ts";
import type { TelegramClient } from "../telegram/telegram-client.ts";
import type { Bindings } from "./bindings.ts";
import type { KeptSession } from "./kept-session.ts";
import type { SessionTable } from "./session-table.ts";
import { prepareTopics } from "./topic-statements.ts";

export type TopicsOptions = {
  readonly store: Pick<Store, "db" | "write">;
  readonly table: Pick<SessionTable, "byRow" | "calledSo">;
  readonly bindings: Bindings;
  readonly queue: Pick<Queue, "addLine" | "currentChat">;
  readonly telegram: Pick<TelegramClient, "ask">;
  /** Ids of the groups that messages go to. */
  readonly groups: readonly number[];
  /** False: none is made now. */
  readonly isOn: boolean;
  readonly onLines: (lines: readonly PendingMessage[]) => void;
  readonly logger: Logger;
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
};

type Wanted = { readonly session: number; readonly chatId: number };

const REQUEST_LIMIT_MS = 10_000;
const LONGEST_NAME = 128;

/**
 * A topic for each session in each group that has topics and lets the bot make them. Telegram tells nobody which topics there
 * are: a crash between its answer and the disk leaves a topic behind that is nobody's, and the session gets another one.
 */
export class Topics {
  readonly #options: TopicsOptions;
  readonly #sql: ReturnType<typeof prepareTopics>;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #making: Promise<void> | undefined;
  #failures = 0;

  constructor(options: TopicsOptions) {
    this.#options = options;
    this.#sql = prepareTopics(options.store.db);
  }

  /** In the transaction that registers the session. A group that has refused may have topics, or let the bot make them, by now. */
  want({ row }: KeptSession, at: number): void {
    for (const group of this.#options.groups) this.#sql.want.run(row, this.#options.queue.currentChat(group), at);
  }

  /** The topic of a session in a group. */
  of(session: number, chatId: number): number | undefined {
    const topic = this.#sql.made.get(session, this.#options.queue.currentChat(chatId))?.topic;
    return topic === undefined || topic === null ? undefined : Number(topic);
  }

  /** Makes what is wanted, one after the other; again later what could not be asked for. */
  wake(): void {
    clearTimeout(this.#timer);
    if (!this.#options.isOn || this.#stop.signal.aborted || this.#making !== undefined) return;
    this.#making = this.#makeAll()
      .catch((error: Error) => this.#again({ kind: "unreachable", error: error.message }))
      .finally(() => {
        this.#making = undefined;
      });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#making;
  }

  async #makeAll(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const row = this.#sql.next.get();
      if (row === undefined) return;
      const problem = await this.#make({ session: Number(row.session), chatId: Number(row.chat_id) });
      if (problem !== undefined) return this.#again(problem);
      this.#failures = 0;
    }
  }

  #again(problem: Problem): void {
    if (this.#stop.signal.aborted) return;
    const { logger, random } = this.#options;
    const wait = problem.kind === "rate_limited" ? problem.retryAfterMs : backoffMs(this.#failures, random);
    this.#failures += 1;
    logger.warn({ reason: problem.error, retry_after_ms: wait }, "a topic could not be made yet");
    this.#timer = setTimeout(() => this.wake(), wait);
  }

  /** What kept it from being known whether there may be a topic. */
  async #make(wanted: Wanted): Promise<Problem | undefined> {
    const { store, table, telegram, now } = this.#options;
    const session = table.byRow(wanted.session);
    if (session === undefined) return void (await store.write(() => this.#sql.forget.run(...keysOf(wanted))));
    await store.write(() => this.#sql.ask.run(now(), ...keysOf(wanted)));
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(REQUEST_LIMIT_MS)]);
    const request = { chat_id: wanted.chatId, name: this.#nameOf(session) };
    const answer = await telegram.ask((api) => api.createForumTopic(request, signal));
    if ("value" in answer) {
      await store.write(() => this.#made(wanted, answer.value.message_thread_id));
      return undefined;
    }
    if (!isRefusal(answer.problem)) return answer.problem;
    await this.#refused(wanted, answer.problem.error);
    return undefined;
  }

  #made(wanted: Wanted, topic: number): void {
    const { bindings, now } = this.#options;
    const at = now();
    const former = this.#sql.formerly.get(...keysOf(wanted))?.topic;
    const place = { chatId: wanted.chatId, topic: Number(former) };
    if (former !== undefined && bindings.at(place)?.session === wanted.session) bindings.unbind(place);
    this.#sql.settle.run("made", topic, null, at, ...keysOf(wanted));
    bindings.bind({ ...wanted, topic, by: 0, at, made: true });
  }

  /** A group without topics is none of anybody's business; one in which the bot may not make them is told so once. */
  async #refused(wanted: Wanted, error: string): Promise<void> {
    const { store, queue, onLines, logger, now } = this.#options;
    const line = await store.write(() => {
      const isNews = this.#sql.lacksRights.get(wanted.chatId) === undefined && /not enough rights/i.test(error);
      this.#sql.settle.run("refused", null, error, now(), ...keysOf(wanted));
      return isNews ? queue.addLine({ chatId: wanted.chatId, text: NO_RIGHTS, entities: [] }, now()) : undefined;
    });
    logger.info({ chat_id: wanted.chatId, reason: error }, "a group lets the bot make no topic for a session");
    if (line !== undefined) onLines([line]);
  }

  /** Sessions of several clients may have one name. */
  #nameOf({ client, name }: KeptSession): string {
    const twins = this.#options.table.calledSo(name).length > 1;
    return (twins ? `${name} (${client})` : name).slice(0, LONGEST_NAME).toWellFormed();
  }
}

const NO_RIGHTS =
  "I may make no topics here, so sessions get none of their own. Make me an administrator who may manage topics: sessions that start after that get one. Or bind topics with /bind NAME.";

const keysOf = ({ session, chatId }: Wanted) => [session, chatId] as const;
