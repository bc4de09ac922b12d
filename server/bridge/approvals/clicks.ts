import type { PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { Clicked } from "../receiving/meaning.ts";
import type { Person } from "../receiving/update.ts";
import type { ApprovalRecord, ApprovalTable } from "./approval-table.ts";
import { keyboardOf } from "./asking.ts";
import { type Ruling, rulingOn } from "./ballot.ts";
import { claimedChoice, isGenuine } from "./button-data.ts";
import { type Ended, type EndingRoom, end, timeoutOf } from "./endings.ts";
import { callbackData, type EndedApproval, type KeptApproval, type KeptVote } from "./kept-approval.ts";
import {
  countedAnswer,
  decidedAnswer,
  FOREIGN_ANSWER,
  lateAnswer,
  SEVERAL_ANSWER,
  secondAnswer,
  UNKNOWN_ANSWER,
  withDetails,
  withVotes,
} from "./wording.ts";

/** What a pressed button does. */
export type ClickEffect = {
  /** What the person is told. */
  readonly answer: string;
  /** What is to be sent. */
  readonly lines: readonly PendingMessage[];
  /** What happened, for the audit trail; undefined for a button that nobody has made. */
  readonly record?: ApprovalRecord & { readonly approval: KeptApproval };
  /** The decision that it made, in co8/cctelegram's words. */
  readonly decision?: string;
};

export type ClickRoom = Pick<EndingRoom, "onEnding" | "timeZone" | "isWaitedFor"> & {
  readonly table: ApprovalTable;
  readonly queue: Pick<
    Queue,
    "keyboardsOf" | "forgetKeyboards" | "addLine" | "adoptKeyboard" | "mayHaveCome" | "currentChat"
  >;
  /** Who may talk to the bot now. */
  readonly people: ReadonlySet<number>;
};

type By = NonNullable<ApprovalRecord["by"]>;

/** Does what a click says, in the transaction of the write that calls it; undefined when it is under no approval. */
export function effectOf({ data, from, message }: Clicked, room: ClickRoom, at: number): ClickEffect | undefined {
  const choice = claimedChoice(data);
  if (choice === undefined) return undefined;
  const kept = room.table.byRow(choice.approval);
  if (kept === undefined || !isGenuine(data, kept.secret)) return { answer: UNKNOWN_ANSWER, lines: [] };
  const isMore = choice.option === "more";
  const by = { userId: from.id, ...message, option: choice.option === "more" ? MORE : choice.option };
  const over = overBy(kept, room, at);
  if (over !== undefined) return { ...late(over.approval, { by, room, at }), lines: over.lines };
  if (!isItsMessage(kept, message, room.queue))
    return refused("refused_other_message", kept, UNKNOWN_ANSWER, { by, room, at });
  return isMore ? detailed(kept, message, { by, room, at }) : voted(kept, from, { by, room, at });
}

/** What stands in records for the button that shows more. */
const MORE = -1;

/** What somebody has written to the prompt of a tool. */
export type SpokenVote = {
  readonly code: string;
  readonly from: Person;
  readonly option: number;
  readonly place: Clicked["message"];
};

/**
 * Does what somebody has written to the prompt of a tool, in the transaction of the write that calls it; undefined when
 * nobody has asked under that code.
 */
export function spokenEffect(
  { code, from, option, place }: SpokenVote,
  room: ClickRoom,
  at: number,
): ClickEffect | undefined {
  const known = room.table.byCode(code).filter(({ approvers }) => approvers.includes(from.id));
  const waiting = known.filter(({ state, expiresAt }) => state === "pending" && at < expiresAt);
  if (waiting.length > 1) return { answer: SEVERAL_ANSWER, lines: [] };
  const now = { by: { userId: from.id, ...place, option }, room, at };
  const [kept] = waiting;
  if (kept !== undefined) return voted(kept, from, now);
  const [last] = known;
  if (last === undefined || at - last.createdAt > SPOKEN_MS) return undefined;
  const over = overBy(last, room, at);
  return over && { ...late(over.approval, now), lines: over.lines };
}

/** After that a word of five letters is a word again. */
const SPOKEN_MS = 3_600_000;

function late(approval: EndedApproval, now: Now): ClickEffect {
  return refused("refused_late", approval, lateAnswer(approval, now.room.timeZone), now);
}

function refused(
  what: ApprovalRecord["what"],
  approval: KeptApproval,
  answer: string,
  { by, room, at }: Now,
): ClickEffect {
  room.table.record(approval, { what, by }, at);
  return { answer, lines: [], record: { what, by, approval } };
}

/** The message under which somebody wants to see more. */
function detailed(approval: KeptApproval, { chatId, messageId }: Clicked["message"], { room, at }: Now): ClickEffect {
  const keyboard = keyboardOf(approval).slice(0, approval.options.length);
  const line = room.queue.addLine({ ...withDetails(approval), keyboard, chatId, edits: messageId }, at);
  return { answer: "", lines: line === undefined ? [] : [line] };
}

function voted(approval: KeptApproval, { id: userId, username, first_name: firstName }: Person, now: Now): ClickEffect {
  const { by, room, at } = now;
  const given = { userId, username: username ?? null, firstName, option: by.option, at };
  const votes = room.table.votes(approval);
  const approvers = new Set(approval.approvers.filter((id) => room.people.has(id)));
  const ruling = rulingOn({ actions: approval.actions, required: approval.required, approvers, votes }, given);
  if (ruling.kind === "not_an_approver") return refused("refused_not_an_approver", approval, FOREIGN_ANSWER, now);
  if (ruling.kind === "second") return refused("refused_second", approval, secondAnswer(approval, ruling.option), now);
  room.table.vote(approval, given);
  room.table.record(approval, { what: "voted", by }, at);
  return ruling.kind === "counted"
    ? counted(approval, { votes: [...votes, given], by, room, at })
    : decided(approval, ruling, now);
}

type Now = { readonly by: By; readonly room: ClickRoom; readonly at: number };

/** Everybody sees how far it is; the buttons stay. */
function counted(
  approval: KeptApproval,
  { votes, by, room, at }: Now & { readonly votes: readonly KeptVote[] },
): ClickEffect {
  const text = withVotes(approval, votes);
  const keyboard = keyboardOf(approval);
  const lines = room.queue
    .keyboardsOf(approval)
    .filter(({ chatId }) => room.queue.currentChat(chatId) === chatId)
    .flatMap(({ chatId, messageId }) => room.queue.addLine({ ...text, keyboard, chatId, edits: messageId }, at) ?? []);
  return { answer: countedAnswer(approval, votes), lines, record: { what: "voted", by, approval } };
}

function decided(
  kept: KeptApproval,
  { option, reason }: Extract<Ruling, { kind: "decided" }>,
  { by, room, at }: Now,
): ClickEffect {
  const ended = end(kept, { state: "decided", option, reason }, room, at);
  if (ended === undefined) return { answer: UNKNOWN_ANSWER, lines: [] };
  const { approval, lines } = ended;
  const { decision } = approval;
  return {
    answer: decidedAnswer(approval, room.timeZone),
    lines,
    record: { what: "decided", by, approval },
    ...(decision && { decision: callbackData(approval.id, decision) }),
  };
}

/** The approval when it is over, or its time is: then it ends now. */
function overBy(kept: KeptApproval, room: ClickRoom, at: number): Ended | undefined {
  const approval = room.table.ended(kept);
  if (approval !== undefined) return { approval, lines: [] };
  return at < kept.expiresAt ? undefined : end(kept, timeoutOf(kept), room, at);
}

/** A message that came although nobody knows how its request ended is the approval's from now on. */
function isItsMessage(
  event: KeptApproval,
  { chatId, messageId }: Clicked["message"],
  queue: ClickRoom["queue"],
): boolean {
  const isKnown = queue.keyboardsOf(event).some((sent) => sent.chatId === chatId && sent.messageId === messageId);
  if (isKnown) return true;
  if (!queue.mayHaveCome(event, chatId)) return false;
  queue.adoptKeyboard(event, { chatId, messageId, copies: true });
  return true;
}
