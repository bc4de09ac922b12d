import type { ApprovalRequest } from "../../../contract/approvals.ts";
import { ServerError } from "../../../contract/errors.ts";
import { shownLine } from "../formatting/shown-text.ts";
import { callOf } from "../monitoring/event-call.ts";
import type { Keyboard, NewMessage, PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import { RefusedError } from "../refused-error.ts";
import type { Destination } from "../routing/destination.ts";
import { destinationsOf, type RoutingTable } from "../routing/routing-table.ts";
import type { ApprovalTable, NewApproval } from "./approval-table.ts";
import { buttonData } from "./button-data.ts";
import type { KeptApproval, KeptPermission } from "./kept-approval.ts";
import { buttonTexts, questionOf, SEE_MORE, withVotes } from "./wording.ts";

/** What one client may have pending at a time. */
const PENDING_LIMIT = 100;

export type Asked = {
  readonly approval: KeptApproval;
  /** Telegram messages that it became. */
  readonly count: number;
  readonly duplicate: boolean;
  /** What is to be sent. */
  readonly messages: readonly PendingMessage[];
};

/** The prompt of a tool, and where the session that has it is bound; nowhere: it is asked where other approvals are. */
export type Prompt = { readonly permission: KeptPermission; readonly to: readonly Destination[] };

type Room = {
  readonly table: ApprovalTable;
  readonly queue: Pick<Queue, "addEvent" | "event">;
  /** Every place that messages may go to. */
  readonly places: readonly Destination[];
  readonly routing: RoutingTable;
  readonly people: ReadonlySet<number>;
  readonly newSecret: () => Buffer;
  /** IANA name of the zone in which times are told. */
  readonly timeZone: string;
};

/** Puts a question on disk with its messages, in the transaction of the write that calls it. */
export function ask(request: ApprovalRequest, room: Room, at: number, prompt?: Prompt): Asked {
  const { table, queue } = room;
  const { approval_id: id, client } = request;
  const known = table.find(id, client);
  if (known !== undefined) return again(request, known, queue);
  if (queue.event(id, client) !== undefined) throw new ServerError("APPROVAL_CONFLICT", { problem: TAKEN });
  if (table.pendingOf(client) >= PENDING_LIMIT) {
    const message = `${PENDING_LIMIT} approvals of the client wait for a decision already.`;
    throw new RefusedError("client_quota", message, 60);
  }
  const approvers = approversOf(request, room.people);
  const bound = prompt?.to ?? [];
  const destinations = bound.length > 0 ? bound : placesToAsk(request, room);
  requireDifferent(request.options);
  const expiresAt = at + Math.round(request.timeout_minutes * 60_000);
  const parts = questionOf(request, { people: approvers.length, expiresAt, timeZone: room.timeZone });
  const secret = room.newSecret();
  const approval: NewApproval = {
    ...{ id, client, title: request.title, options: request.options, approvers },
    ...{ required: request.required_approvals, onTimeout: request.on_timeout, request: wordsOf(request), secret },
    ...{ question: parts.at(-1) ?? { text: "", entities: [] }, createdAt: at, expiresAt },
    ...(prompt && { permission: prompt.permission }),
  };
  const kept = table.insert(approval);
  const keyboard = keyboardOf(kept);
  const messages = destinations.flatMap((to) =>
    parts.map(
      (text, part): NewMessage => ({
        ...to,
        part,
        weight: "approval",
        priority: "urgent",
        ...text,
        ...(part === parts.length - 1 && { keyboard }),
      }),
    ),
  );
  const stored = queue.addEvent({ id, client, acceptedAt: at, messages, call: callOf(request.trace, at) });
  return { approval: kept, count: stored.count, duplicate: false, messages: stored.messages };
}

type Left = {
  readonly table: Pick<ApprovalTable, "votes">;
  readonly queue: Pick<Queue, "keyboardsOf" | "forgetKeyboard" | "currentChat" | "askAgain">;
};

/** Asks once more in groups that are other ones now: nobody can press a button in what they were. */
export function followed(kept: KeptApproval, { table, queue }: Left, at: number): readonly PendingMessage[] {
  const left = queue.keyboardsOf(kept).filter(({ chatId }) => queue.currentChat(chatId) !== chatId);
  if (left.length === 0) return [];
  for (const each of left) queue.forgetKeyboard(kept, each);
  const chats = [...new Set(left.map(({ chatId }) => queue.currentChat(chatId)))];
  const votes = table.votes(kept);
  const text = votes.length > 0 ? withVotes(kept, votes) : kept.question;
  const keyboard = keyboardOf(kept);
  return chats.map((chatId) =>
    queue.askAgain(kept, { chatId, part: 0, weight: "approval", priority: "urgent", ...text, keyboard }, at),
  );
}

/** One row for each option: texts of any length, in their order. */
export function keyboardOf({ row, options, secret, permission }: KeptApproval): Keyboard {
  const button = (text: string, option: number | "more") => [
    { text, data: buttonData({ approval: row, option }, secret) },
  ];
  const more = permission === undefined || permission.details === "" ? [] : [button(SEE_MORE, "more")];
  return [...buttonTexts(options).map(button), ...more];
}

const TAKEN = "There is an event with this id already. Choose another id, or leave it out to get a new one.";

function again(request: ApprovalRequest, known: KeptApproval, queue: Room["queue"]): Asked {
  if (known.request !== wordsOf(request)) {
    const problem = `The approval ${known.id} was asked for with other words before. Choose another id for another question.`;
    throw new ServerError("APPROVAL_CONFLICT", { problem });
  }
  return { approval: known, count: queue.event(known.id, known.client)?.total ?? 0, duplicate: true, messages: [] };
}

/** What makes it the same question, whichever call asks it. */
function wordsOf({ approval_id: _id, client: _client, trace: _trace, ...words }: ApprovalRequest): string {
  return JSON.stringify(Object.entries(words).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function approversOf({ approvers, required_approvals: required }: ApprovalRequest, people: Room["people"]) {
  const may = approvers === undefined ? [...people] : [...new Set(approvers)];
  const strangers = may.filter((id) => !people.has(id));
  if (strangers.length > 0) throw invalid("approvers", `${strangers.join(", ")} may not talk to the bot`);
  if (may.length === 0) throw invalid("approvers", "nobody may answer: no person is in telegram.allowedUsers");
  if (required > may.length) {
    throw invalid("required_approvals", `${required} people have to agree, and ${may.length} may decide`);
  }
  return may;
}

function placesToAsk(request: ApprovalRequest, { places, routing }: Room): readonly Destination[] {
  const { chats = request.approvers, source, client } = request;
  if (chats === undefined) return destinationsOf({ type: "approval_request", source, client, data: {} }, routing);
  const asked = [...new Set(chats)].map((id) => ({ id, place: places.find(({ chatId }) => chatId === id) }));
  const unknown = asked.filter(({ place }) => place === undefined);
  if (unknown.length > 0)
    throw invalid("chats", `${unknown.map(({ id }) => id).join(", ")} gets no messages from this bot`);
  return asked.flatMap(({ place }) => place ?? []);
}

function requireDifferent(options: readonly string[]): void {
  const shown = options.map(shownLine);
  if (shown.includes("")) throw invalid("options", "one of them shows nothing");
  const twin = shown.find((option, index) => shown.indexOf(option) !== index);
  if (twin !== undefined) throw invalid("options", `two of them look like "${twin}"`);
}

function invalid(field: string, problem: string): ServerError {
  return new ServerError("VALIDATION_ERROR", { problems: `${field}: ${problem}`, fields: [{ field, problem }] });
}
