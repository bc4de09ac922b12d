import type { Approval, ApprovalAction, ApprovalDecision } from "../../../contract/approvals.ts";
import type { FormattedText } from "../formatting/formatted-text.ts";
import { actionsOf } from "./option-actions.ts";

/** An approval as the bridge keeps it. Times are milliseconds since the epoch. */
export type KeptApproval = {
  /** The row: what buttons tell. */
  readonly row: number;
  readonly id: string;
  readonly client: string;
  readonly title: string;
  readonly options: readonly string[];
  readonly actions: readonly ApprovalAction[];
  readonly approvers: readonly number[];
  readonly required: number;
  readonly onTimeout: "expire" | "deny";
  /** What was asked, to recognise the same again. */
  readonly request: string;
  /** It vouches for the buttons. */
  readonly secret: Buffer;
  /** The message with the buttons, as it was sent. */
  readonly question: FormattedText;
  readonly state: Approval["state"];
  readonly decision: KeptDecision | undefined;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly endedAt: number | undefined;
  /** Set when it is the prompt of a tool in a session. */
  readonly permission?: KeptPermission;
};

export type KeptPermission = {
  /** Row of the session. */
  readonly session: number;
  /** Who waits for the verdict. */
  readonly holder: string;
  /** What people write behind yes and no. */
  readonly code: string;
  /** What "See more" shows. */
  readonly details: string;
  /** How it ended beside what people chose. unheard: nobody waited any more. */
  readonly note: "terminal" | "left" | "unheard" | undefined;
};

export type KeptDecision = {
  readonly action: ApprovalAction;
  readonly option: number | null;
  readonly reason: ApprovalDecision["reason"];
};

export type KeptVote = {
  readonly userId: number;
  readonly username: string | null;
  readonly firstName: string | null;
  readonly option: number;
  readonly at: number;
};

/** One that is over, with everything that was said. */
export type EndedApproval = KeptApproval & {
  readonly state: Exclude<KeptApproval["state"], "pending">;
  readonly endedAt: number;
  readonly votes: readonly KeptVote[];
};

/** Undefined for one that is pending. */
export function asEnded(kept: KeptApproval, votes: readonly KeptVote[]): EndedApproval | undefined {
  const { state, endedAt } = kept;
  return state === "pending" || endedAt === undefined ? undefined : { ...kept, state, endedAt, votes };
}

type Row = Readonly<Record<string, unknown>>;

export function toKept(row: Row): KeptApproval {
  const options = JSON.parse(String(row.options)) as readonly string[];
  const actions = actionsOf(options);
  return {
    row: Number(row.id),
    id: String(row.approval_id),
    client: String(row.client),
    title: String(row.title),
    options,
    actions,
    approvers: JSON.parse(String(row.approvers)),
    required: Number(row.required),
    onTimeout: row.on_timeout as KeptApproval["onTimeout"],
    request: String(row.request),
    secret: Buffer.from(row.secret as Uint8Array),
    question: { text: String(row.text), entities: JSON.parse(String(row.entities)) },
    state: row.state as KeptApproval["state"],
    decision: decisionIn(row, actions),
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    endedAt: row.ended_at === null ? undefined : Number(row.ended_at),
    ...(row.code !== null && { permission: permissionIn(row) }),
  };
}

function permissionIn({ session, holder, code, details, note }: Row): KeptPermission {
  return {
    session: Number(session),
    holder: String(holder),
    code: String(code),
    details: String(details),
    note: note === null ? undefined : (note as KeptPermission["note"]),
  };
}

function decisionIn({ state, option, reason }: Row, actions: readonly ApprovalAction[]): KeptDecision | undefined {
  if (state !== "decided") return undefined;
  const chosen = option === null ? null : Number(option);
  const action = chosen === null ? "deny" : (actions[chosen] ?? "option");
  return { action, option: chosen, reason: reason as KeptDecision["reason"] };
}

export function toVote({ user_id, username, first_name, option, at }: Row): KeptVote {
  return {
    userId: Number(user_id),
    username: username === null ? null : String(username),
    firstName: first_name === null ? null : String(first_name),
    option: Number(option),
    at: Number(at),
  };
}

/** An approval as clients see it. */
export function toldApproval(kept: KeptApproval, votes: readonly KeptVote[]): Approval {
  const { options, decision, endedAt } = kept;
  return {
    approval_id: kept.id,
    state: kept.state,
    client: kept.client,
    title: kept.title,
    options,
    required_approvals: kept.required,
    approvers: kept.approvers,
    votes: votes.map((vote) => toldVote(vote, options)),
    ...(decision && { decision: toldDecision(kept, decision) }),
    created_at: rfc3339(kept.createdAt),
    expires_at: rfc3339(kept.expiresAt),
    ...(endedAt !== undefined && { ended_at: rfc3339(endedAt) }),
  };
}

function toldVote({ userId, username, firstName, option, at }: KeptVote, options: readonly string[]) {
  return { user_id: userId, username, first_name: firstName, option: options[option] ?? "", at: rfc3339(at) };
}

function toldDecision(kept: KeptApproval, { action, option, reason }: KeptDecision): ApprovalDecision {
  return {
    action,
    option: option === null ? null : (kept.options[option] ?? null),
    option_index: option,
    reason,
    at: rfc3339(kept.endedAt ?? kept.expiresAt),
    callback_data: callbackData(kept.id, { action, option }),
  };
}

/** A decision in co8/cctelegram's words; options that are neither count from 1. */
export function callbackData(id: string, { action, option }: Pick<KeptDecision, "action" | "option">): string {
  return action === "option" ? `opt${(option ?? 0) + 1}_${id}` : `${action}_${id}`;
}

function rfc3339(at: number): string {
  return new Date(at).toISOString();
}
