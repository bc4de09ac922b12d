import type { Approval, ApprovalAsked, ApprovalQuery, ApprovalRequest } from "../../../contract/approvals.ts";
import { ServerError } from "../../../contract/errors.ts";
import type { OpenApproval } from "../commands/command.ts";
import type { EventKey } from "../queue/event.ts";
import type { PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { Clicked } from "../receiving/meaning.ts";
import { RefusedError } from "../refused-error.ts";
import type { Destination } from "../routing/destination.ts";
import type { RoutingTable } from "../routing/routing-table.ts";
import { refusalOf } from "../storage/sqlite-error.ts";
import type { Store } from "../storage/store.ts";
import { type ApprovalRecord, ApprovalTable, type Ending } from "./approval-table.ts";
import { ask, followed, type Prompt } from "./asking.ts";
import { type ClickEffect, effectOf, type SpokenVote, spokenEffect } from "./clicks.ts";
import { type Ended, type EndingRoom, end, timeoutOf, withoutButtons } from "./endings.ts";
import { type KeptApproval, type KeptPermission, toldApproval } from "./kept-approval.ts";

export type ApprovalsOptions = {
  readonly store: Store;
  readonly queue: Queue;
  /** Ids of those who may talk to the bot. */
  readonly people: () => ReadonlySet<number>;
  /** Where may be asked, and where is asked when nobody says it. */
  readonly places: readonly Destination[];
  readonly routing: RoutingTable;
  /** IANA name of the zone in which people are told times. */
  readonly timeZone: string;
  readonly now: () => number;
  /** 32 random bytes. */
  readonly newSecret: () => Buffer;
  /** Whoever else keeps an outcome, in the transaction that brings it. */
  readonly onEnding: EndingRoom["onEnding"];
  /** Whether anybody waits for the verdict on the prompt of a tool. */
  readonly isWaitedFor: EndingRoom["isWaitedFor"];
  /** Told of what has happened and is on disk. */
  readonly onChange: (change: ApprovalChange) => void;
  /** What is to be sent. */
  readonly onLines: (lines: readonly PendingMessage[]) => void;
  /** False when nobody could ever answer. */
  readonly isHeard: () => boolean;
  /** What the client should know about messages that wait. */
  readonly warningsFor: (messages: readonly PendingMessage[], count: number) => readonly string[];
};

/** What happened to an approval, for whoever waits for it, and for the audit trail. */
export type ApprovalChange = ApprovalRecord & { readonly approval: KeptApproval };

/** Those that are over are known for so long. */
const KEPT_MS = 30 * 24 * 3_600_000;
const BATCH = 100;
/** The longest delay of a timer is 2^31-1 ms. */
const LONGEST_SLEEP_MS = 3_600_000;
const STORAGE_RETRY_MS = 1_000;

/** `codes`: only those of these. */
type HeldPrompts = Pick<KeptPermission, "session" | "holder"> & { readonly codes?: readonly string[] | undefined };

const WITHDRAWN: Ending = { state: "withdrawn", option: null, reason: null };

/** What people are asked to decide. Every change is one transaction in the bridge's file. */
export class Approvals {
  readonly #options: ApprovalsOptions;
  readonly #table: ApprovalTable;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ApprovalsOptions) {
    this.#options = options;
    this.#table = new ApprovalTable(options.store.db);
  }

  /** Ends what is due, edits what an earlier process left, and goes on. */
  async start(): Promise<void> {
    await this.tidy();
    await this.#expire();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /**
   * Resolves when the question is on disk with its messages. The same again under the same id changes nothing. Rejects with
   * RefusedError, APPROVALS_UNAVAILABLE, APPROVAL_CONFLICT or VALIDATION_ERROR.
   */
  async ask(request: ApprovalRequest, prompt?: Prompt): Promise<ApprovalAsked> {
    const { store, places, routing, newSecret, now, onLines, onChange, warningsFor } = this.#options;
    if (!this.#options.isHeard()) throw new ServerError("APPROVALS_UNAVAILABLE");
    if (this.#stopped) throw closing();
    store.requireRoom();
    const asked = await store.write(() => ask(request, { ...this.#room, places, routing, newSecret }, now(), prompt));
    const { approval, count: messages, duplicate, messages: lines } = asked;
    if (!duplicate) {
      onLines(lines);
      onChange({ approval, what: "asked" });
    }
    this.#sleep();
    const warnings = warningsFor(lines, messages);
    return {
      approval: this.#told(approval),
      messages,
      duplicate,
      ...(warnings.length > 0 && { warnings }),
    };
  }

  /** What a click does, in the transaction of the write that calls it; undefined when it is under no approval. */
  click(click: Clicked, at: number): ClickEffect | undefined {
    return effectOf(click, this.#room, at);
  }

  /** What somebody has written to the prompt of a tool does, as a click; undefined when it is no answer to any. */
  spoken(vote: SpokenVote, at: number): ClickEffect | undefined {
    return spokenEffect(vote, this.#room, at);
  }

  /** Ends prompts of a holder, in the transaction of the write that calls it; `afterwards`: when that is on disk. */
  endPermissions(
    { session, holder, codes }: HeldPrompts,
    note: NonNullable<KeptPermission["note"]>,
    at: number,
  ): { readonly closed: number; readonly afterwards: () => void } {
    const open = this.#table.permissionsOf(session, holder);
    const meant = open.filter(({ permission }) => codes?.includes(permission?.code ?? "") ?? true);
    const ended = meant.flatMap((kept) => end(kept, { ...WITHDRAWN, note }, this.#room, at) ?? []);
    const afterwards = () => {
      for (const each of ended) this.#tell(each);
    };
    return { closed: ended.length, afterwards };
  }

  /** Throws APPROVAL_NOT_FOUND; RefusedError when it cannot be read. */
  approval(id: string, client: string | undefined): Approval {
    return readable(() => this.#told(this.#find(id, client)));
  }

  /** Newest first. Throws RefusedError when they cannot be read. */
  list(query: ApprovalQuery): readonly Approval[] {
    return readable(() => this.#table.list(query).map((kept) => this.#told(kept)));
  }

  /** Those that wait for a decision, newest first. Throws RefusedError when they cannot be read. */
  open(limit: number): readonly OpenApproval[] {
    return readable(() =>
      this.#table.list({ state: "pending", limit }).map((kept) => {
        const { id, createdAt, title, client, required, expiresAt } = kept;
        return { id, createdAt, title, client, required, expiresAt, votes: this.#table.votes(kept).length };
      }),
    );
  }

  /** The client wants no decision any more; resolves with how the approval is then, also when it was over before. */
  async withdraw(id: string, client: string | undefined): Promise<Approval> {
    const { store, now } = this.#options;
    const ended = await store.write(() => {
      const kept = this.#find(id, client);
      const at = now();
      return end(kept, at < kept.expiresAt ? WITHDRAWN : timeoutOf(kept), this.#room, at);
    });
    this.#tell(ended);
    return this.approval(id, client);
  }

  /** Edits messages that were still on their way when their approval ended, and asks again in groups that have become others. */
  async tidy(): Promise<void> {
    const { store, queue, now } = this.#options;
    const lines = await store.write(() => queue.eventsWithKeyboards().flatMap((event) => this.#tidied(event, now())));
    this.#options.onLines(lines);
  }

  /** Deletes old ones, a small batch at a time; true when there may be more. */
  prune(): Promise<boolean> {
    return this.#options.store.write(() => this.#table.prune(this.#options.now() - KEPT_MS, BATCH));
  }

  #tidied({ id, client }: EventKey, at: number): readonly PendingMessage[] {
    const kept = this.#table.find(id, client);
    if (kept === undefined) return [];
    const ended = this.#table.ended(kept);
    return ended === undefined ? followed(kept, this.#room, at) : withoutButtons(ended, this.#room, at);
  }

  #find(id: string, client: string | undefined): KeptApproval {
    const kept = this.#table.find(id, client);
    if (kept === undefined) throw new ServerError("APPROVAL_NOT_FOUND");
    return kept;
  }

  #told(kept: KeptApproval): Approval {
    return toldApproval(kept, this.#table.votes(kept));
  }

  async #expire(): Promise<void> {
    const { store, now } = this.#options;
    try {
      const ended = await store.write(() => {
        const at = now();
        return this.#table.due(at, BATCH).map((kept) => end(kept, timeoutOf(kept), this.#room, at));
      });
      for (const each of ended) this.#tell(each);
      this.#sleep();
    } catch {
      // The storage says so itself; whoever is asked meanwhile is told that the time is over.
      this.#sleep(STORAGE_RETRY_MS);
    }
  }

  #sleep(atLeast = 0): void {
    clearTimeout(this.#timer);
    const next = this.#stopped ? undefined : this.#table.nextExpiry();
    if (next === undefined) return;
    const delay = Math.min(Math.max(next - this.#options.now(), atLeast, 1), LONGEST_SLEEP_MS);
    this.#timer = setTimeout(() => void this.#expire(), delay);
  }

  get #room() {
    const { queue, timeZone, onEnding, isWaitedFor, people } = this.#options;
    return { table: this.#table, queue, timeZone, people: people(), onEnding, isWaitedFor };
  }

  #tell(ended: Ended | undefined): void {
    if (ended === undefined) return;
    this.#options.onLines(ended.lines);
    this.#options.onChange({ approval: ended.approval, what: ended.approval.state });
  }
}

const closing = () => new RefusedError("shutting_down", "The bridge is shutting down.", 2);

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusalOf(error);
  }
}
