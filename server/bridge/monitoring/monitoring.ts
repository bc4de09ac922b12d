import type { VolumeStatus } from "../../../contract/bridge-status.ts";
import type {
  DeadLetterAnswer,
  DeadLetterFate,
  DeadLetterQuery,
  DeadLetterRequest,
  DeadLetters as DeadLettersTold,
} from "../../../contract/dead-letters.ts";
import type { EventStatus } from "../../../contract/event-status.ts";
import type { EventTrace, History } from "../../../contract/monitoring.ts";
import type { BridgeTelling, ServerTelling } from "../../../contract/monitoring-servers.ts";
import type { Approvals } from "../approvals/approvals.ts";
import type { Pacer } from "../pacing/pacer.ts";
import type { EventRecord } from "../queue/event.ts";
import { BRIDGE_ITSELF, type OutgoingMessage, type PendingMessage, type Settlement } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { ShownChats } from "../routing/shown-chats.ts";
import { boundedText } from "../status/bounded-text.ts";
import type { Facts } from "../status/status.ts";
import type { Store } from "../storage/store.ts";
import { DeadLetters } from "./dead-letters.ts";
import { Journal } from "./journal.ts";
import { type Minute, Minutes, minuteColumns, minuteOf, minutesKept, serverCounts, toMinute } from "./minutes.ts";
import { prepareMonitoring } from "./monitoring-statements.ts";
import { Servers } from "./servers.ts";
import { type StateParts, shownDeadLetter, stateOf } from "./state.ts";

export type MonitoringOptions = Pick<StateParts, "instance" | "version" | "messagesPerSecond"> & {
  readonly store: Store;
  readonly queue: Queue;
  readonly pacer: Pick<Pacer, "used" | "waits">;
  readonly approvals: () => Pick<Approvals, "open">;
  readonly facts: () => Facts;
  readonly shown: () => ShownChats;
  /** Where an event is. Throws EVENT_NOT_FOUND. */
  readonly eventStatus: (
    id: string,
    client: string | undefined,
  ) => { readonly record: EventRecord; readonly status: EventStatus };
  /** Clients that follow the relay. */
  readonly followers: () => number;
  readonly heldUpMs: () => number;
  /** The file system of the queue. */
  readonly volume: () => VolumeStatus | undefined;
  readonly onLines: (lines: readonly PendingMessage[]) => void;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
};

/** Of the bridge's own port, within a minute. */
export type Answers = { requests: number; errors: number; limited: number };

const noAnswers = (): Answers => ({ requests: 0, errors: 0, limited: 0 });

/** How often it is looked whether a minute is over. */
const LOOK_EVERY_MS = 1_000;

/** What people who operate it see: how the bridge and its servers are, what happened, and the last hours. */
export class Monitoring {
  readonly #options: MonitoringOptions;
  readonly #sql: ReturnType<typeof prepareMonitoring>;
  readonly #minutes: Minutes;
  readonly #servers = new Servers();
  readonly #startedAt: number;
  readonly #deadLetters: DeadLetters;
  readonly journal: Journal;
  #answers: Answers = noAnswers();
  #lastAnswers: Readonly<Answers> = noAnswers();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MonitoringOptions) {
    const { store, now } = options;
    this.#options = options;
    this.#startedAt = now();
    this.#sql = prepareMonitoring(store.db);
    const minute = minuteOf(this.#startedAt);
    this.#minutes = new Minutes(this.#sql.minutes.all(minute - minutesKept, minute).map(toMinute), this.#startedAt);
    this.journal = new Journal({ store, now, chats: () => options.shown().chat });
    this.#deadLetters = new DeadLetters({ ...options, journal: this.journal });
  }

  start(): void {
    const { now, version } = this.#options;
    this.journal.note({ kind: "started", at: now(), detail: `version ${version}` });
    this.#timer = setInterval(() => this.#turn(), LOOK_EVERY_MS);
  }

  /** Keeps what the minute under way has so far; the next process goes on with it. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#turn();
    await this.#keep({ ...this.#minutes.current, ...this.#gauges() });
  }

  accepted(): void {
    this.#minutes.current.accepted += 1;
  }

  /** A request to the bridge was answered. */
  answered(status: number): void {
    this.#answers.requests += 1;
    if (status >= 500) this.#answers.errors += 1;
    if (status === 429) this.#answers.limited += 1;
  }

  signatureFailed(): void {
    this.#minutes.current.signature_failures += 1;
  }

  /** A request to Telegram has ended, or a message is not sent. What is noted is committed with the settlement. */
  settled(message: OutgoingMessage, settlement: Settlement): void {
    if (message.client === BRIDGE_ITSELF) return;
    const { at, kind } = settlement;
    const minute = this.#minutes.current;
    const { chatId, eventId: id, client } = message;
    const noted = { at, chatId, event: { id, client } };
    if (kind === "sent") {
      const ms = Math.max(0, at - message.createdAt);
      minute.delivered += 1;
      minute.delivery_ms += ms;
      minute.slowest_ms = Math.max(minute.slowest_ms, ms);
    } else if (kind === "failed") {
      minute.refused += 1;
      this.journal.note({ ...noted, kind: "refused", detail: boundedText(settlement.error) });
    } else if (kind === "muted" || kind === "expired") this.journal.note({ ...noted, kind });
    // Neither what people saw already nor a chat that was looked up by its name is a failure.
    else if (kind === "retry" && settlement.error !== "") {
      minute.retries += 1;
      this.journal.note({ ...noted, kind: "retried", detail: boundedText(settlement.error) });
    }
  }

  /** A server tells of itself. Throws RefusedError when too many do. */
  tell(telling: ServerTelling): void {
    const counts = this.#servers.tell(telling, this.#options.now());
    const minute = this.#minutes.current;
    minute.servers_told += 1;
    for (const name of serverCounts) minute[name] += counts[name];
  }

  state(): BridgeTelling {
    const { facts, pacer, approvals, queue, shown, followers, heldUpMs, volume, now } = this.#options;
    this.#turn();
    const at = now();
    return stateOf({
      ...this.#options,
      now: at,
      startedAt: this.#startedAt,
      facts: facts(),
      shown: shown(),
      hour: this.#minutes.sum(60),
      lastAnswers: this.#lastAnswers,
      lastSignatureFailures: this.#minutes.last?.signature_failures ?? 0,
      refusedOf15Minutes: this.#minutes.sum(15).refused,
      signatureFailuresOf5Minutes: this.#minutes.sum(5).signature_failures,
      used: pacer.used(at),
      waits: pacer.waits(at, 50),
      approvals: approvals().open(50),
      deadLetters: queue.deadLetters({ limit: 50 }),
      activity: this.journal.activity(),
      servers: this.#servers.list(at),
      missing: this.#servers.missing(at),
      followers: followers(),
      heldUpMs: heldUpMs(),
      volume: volume(),
    });
  }

  history(hours: number): History {
    this.#turn();
    return this.#minutes.history(hours);
  }

  /** Throws EVENT_NOT_FOUND. */
  trace(eventId: string, client: string | undefined): EventTrace {
    const { record, status } = this.#options.eventStatus(eventId, client);
    const call = this.journal.callOf(record);
    return {
      // What people answered is for the client.
      status: { ...status, replies: [] },
      client: boundedText(record.client),
      ...(call && { request_id: call.requestId, ...(call.traceId !== undefined && { trace_id: call.traceId }) }),
      steps: this.journal.steps(record),
    };
  }

  deadLetters(query: DeadLetterQuery): DeadLettersTold {
    const found = this.#options.queue.deadLetters({ ...query, limit: query.limit + 1 });
    const shown = found.slice(0, query.limit).map((letter) => shownDeadLetter(letter, this.#options.shown()));
    const last = shown.at(-1);
    return { dead_letters: shown, ...(found.length > shown.length && last && { next_before: last.id }) };
  }

  settleDeadLetter(fate: DeadLetterFate, message: number, request: DeadLetterRequest): Promise<DeadLetterAnswer> {
    return this.#deadLetters.settle(fate, message, request);
  }

  #turn(): void {
    const over = this.#minutes.turn(this.#options.now(), () => this.#gauges());
    if (over === undefined) return;
    this.#lastAnswers = this.#minutes.last === undefined ? noAnswers() : this.#answers;
    this.#answers = noAnswers();
    void this.#keep(over);
  }

  #gauges() {
    const { queue, now } = this.#options;
    const { pending, oldestAt } = queue.stats();
    return { pending, oldest_ms: oldestAt === undefined ? 0 : Math.max(0, Math.floor(now() - oldestAt)) };
  }

  /** One that cannot be written is there until the next start. */
  async #keep(minute: Minute): Promise<void> {
    const { store, now } = this.#options;
    const current = minuteOf(now());
    const keep = () => {
      this.#sql.keepMinute.run(...minuteColumns.map((column) => minute[column]));
      this.#sql.forgetMinutes.run(current - minutesKept, current);
    };
    await store.write(keep).catch(() => {});
  }
}
