import type { DatabaseSync } from "node:sqlite";
import type { ApprovalQuery } from "../../../contract/approvals.ts";
import { prepareApprovals } from "./approval-statements.ts";
import { asEnded, type EndedApproval, type KeptApproval, type KeptVote, toKept, toVote } from "./kept-approval.ts";

/** An entry of the audit trail. */
export type ApprovalRecord = {
  readonly what: (typeof recordKinds)[number];
  /** Who did it, and where. */
  readonly by?: {
    readonly userId: number;
    readonly chatId: number;
    readonly messageId: number;
    readonly option: number;
  };
};

export const recordKinds = [
  "asked",
  "voted",
  "decided",
  "expired",
  "withdrawn",
  "refused_not_an_approver",
  "refused_second",
  "refused_late",
  "refused_other_message",
] as const;

export type NewApproval = Omit<KeptApproval, "row" | "actions" | "state" | "decision" | "endedAt">;

export type Ending = {
  readonly state: Exclude<KeptApproval["state"], "pending">;
  readonly option: number | null;
  readonly reason: "votes" | "disagreement" | "timeout" | null;
  /** Of the prompt of a tool. */
  readonly note?: NonNullable<KeptApproval["permission"]>["note"];
};

/** Of one approval; whoever presses more is not written down again and again. */
const RECORDS_KEPT = 200;

/** The rows of the approvals. Whatever changes them belongs into a write of the store. */
export class ApprovalTable {
  readonly #sql: ReturnType<typeof prepareApprovals>;

  constructor(db: DatabaseSync) {
    this.#sql = prepareApprovals(db);
  }

  /** `client` undefined: the newest of anybody's under this id. */
  find(id: string, client: string | undefined): KeptApproval | undefined {
    const row = client === undefined ? this.#sql.newest.get(id) : this.#sql.ofClient.get(client, id);
    return row && toKept(row);
  }

  byRow(row: number): KeptApproval | undefined {
    const found = this.#sql.byRow.get(row);
    return found && toKept(found);
  }

  /** Newest first. */
  list({ client, state, since, limit }: ApprovalQuery): readonly KeptApproval[] {
    const from = since === undefined ? 0 : Date.parse(since);
    return this.#sql.list.all(client ?? null, state ?? null, from, limit).map(toKept);
  }

  /** Oldest first. */
  votes({ row }: Pick<KeptApproval, "row">): readonly KeptVote[] {
    return this.#sql.votes.all(row).map(toVote);
  }

  pendingOf(client: string): number {
    return Number(this.#sql.countPending.get(client)?.count);
  }

  /** Those whose time is over, the earliest first. */
  due(at: number, limit: number): readonly KeptApproval[] {
    return this.#sql.due.all(at, limit).map(toKept);
  }

  /** Prompts of tools that have this code, newest first. */
  byCode(code: string): readonly KeptApproval[] {
    return this.#sql.byCode.all(code).map(toKept);
  }

  /** Prompts that a holder of a session waits for. */
  permissionsOf(session: number, holder: string): readonly KeptApproval[] {
    return this.#sql.ofHolder.all(session, holder).map(toKept);
  }

  nextExpiry(): number | undefined {
    const at = this.#sql.nextExpiry.get()?.at;
    return at === null || at === undefined ? undefined : Number(at);
  }

  insert(approval: NewApproval): KeptApproval {
    const { id, client, title, options, approvers, required, onTimeout, request, secret, question } = approval;
    const lists = [JSON.stringify(options), JSON.stringify(approvers)] as const;
    const text = [question.text, JSON.stringify(question.entities)] as const;
    const times = [approval.createdAt, approval.expiresAt] as const;
    const words = [id, client, title, ...lists, required, onTimeout, request, secret, ...text] as const;
    const { session = null, holder = null, code = null, details = null } = approval.permission ?? {};
    const kept = toKept(this.#sql.insert.get(...words, ...times, session, holder, code, details) ?? {});
    this.record(kept, { what: "asked" }, kept.createdAt);
    return kept;
  }

  vote({ row }: KeptApproval, { userId, username, firstName, option, at }: KeptVote): void {
    this.#sql.vote.run(row, userId, username, firstName, option, at);
  }

  /** Ends a pending one; undefined when it was over before, and then nothing is changed. */
  end(kept: KeptApproval, { state, option, reason, note }: Ending, at: number): EndedApproval | undefined {
    if (Number(this.#sql.end.run(state, option, reason, note ?? null, at, kept.row).changes) === 0) return undefined;
    const now = this.byRow(kept.row);
    return now && this.ended(now);
  }

  /** Undefined for one that is pending. */
  ended(kept: KeptApproval): EndedApproval | undefined {
    return asEnded(kept, kept.state === "pending" ? [] : this.votes(kept));
  }

  record({ row }: Pick<KeptApproval, "row">, { what, by }: ApprovalRecord, at: number): void {
    if (Number(this.#sql.countRecords.get(row)?.count) >= RECORDS_KEPT && what.startsWith("refused")) return;
    const { userId = null, chatId = null, messageId = null, option = null } = by ?? {};
    this.#sql.record.run(row, at, what, userId, chatId, messageId, option);
  }

  /** Deletes old ones; true when there may be more. */
  prune(before: number, limit: number): boolean {
    const old = this.#sql.old.all(before, limit).map(({ id }) => Number(id));
    for (const row of old) {
      for (const statement of [this.#sql.deleteVotes, this.#sql.deleteRecords, this.#sql.delete]) statement.run(row);
    }
    return old.length === limit;
  }
}
