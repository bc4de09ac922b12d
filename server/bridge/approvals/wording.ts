import type { ApprovalAction, ApprovalRequest } from "../../../contract/approvals.ts";
import { emojiOf } from "../formatting/emoji.ts";
import type { FormattedText } from "../formatting/formatted-text.ts";
import { partsOf } from "../formatting/messages.ts";
import { shownLine, shownText } from "../formatting/shown-text.ts";
import { shownTime } from "../formatting/shown-time.ts";
import { MESSAGE_LIMITS } from "../formatting/splitter.ts";
import type { EndedApproval, KeptApproval, KeptVote } from "./kept-approval.ts";

/** Longest text of a button that a phone shows whole, more or less. */
const BUTTON_LENGTH = 32;
/** Room in the last message for what became of the request. */
const OUTCOME_LENGTH = 800;
/** Longest text under which Telegram answers a pressed button (Bot API, answerCallbackQuery). */
const ANSWER_LENGTH = 200;
const NAMES_SHOWN = 5;
const NAME_LENGTH = 40;

/** What people are asked: the messages, of which the last one has the buttons. */
export function questionOf(request: ApprovalRequest, given: Terms): readonly FormattedText[] {
  const { title, description, options, client } = request;
  const list = options.some(isLong) ? options.map((option, index) => `${index + 1}. ${shownLine(option)}`) : [];
  const body = [shownText(description), list.join("\n"), terms(request, given)];
  const letter = {
    title: `${emojiOf("approval_request", {})} ${shownLine(title) || "Approval"}`,
    body: body.filter((text) => text !== "").join("\n\n"),
    sender: shownLine(client),
  };
  return partsOf(letter, OUTCOME_LENGTH);
}

type Terms = {
  /** How many may decide. */
  readonly people: number;
  readonly expiresAt: number;
  /** IANA name of the zone in which times are told. */
  readonly timeZone: string;
};

function terms(
  { required_approvals: required, on_timeout }: ApprovalRequest,
  { people, expiresAt, timeZone }: Terms,
): string {
  const agree = required > 1 ? `${required} of ${people} people have to choose the same; one denial is enough. ` : "";
  const end = on_timeout === "deny" ? "without a decision it counts as denied" : "after that it expires";
  return `${agree}Time until ${shownTime(expiresAt, timeZone)}; ${end}.`;
}

/** The texts of the buttons. Long options stand in the message, too, with their numbers. */
export function buttonTexts(options: readonly string[]): readonly string[] {
  const numbered = options.some(isLong);
  return options.map((option, index) => {
    const text = cut(shownLine(option), BUTTON_LENGTH);
    return numbered ? `${index + 1}. ${text}` : text;
  });
}

const isLong = (option: string) => shownLine(option).length > BUTTON_LENGTH;

/** The last message with how far the votes are. */
export function withVotes({ question, options, required }: KeptApproval, votes: readonly KeptVote[]): FormattedText {
  const chosen = votes.map(({ option, ...person }) => `${nameOf(person)}: ${optionText(options, option)}`);
  return appended(question, cut(`${votes.length} of ${required} — ${chosen.join(", ")}`, OUTCOME_LENGTH - 2));
}

export const SEE_MORE = "See more";

/** The last message with all that the prompt of a tool tells, as far as it fits. */
export function withDetails({ question, permission }: KeptApproval): FormattedText {
  const room = MESSAGE_LIMITS.units - OUTCOME_LENGTH - question.text.length;
  const details = cut(shownText(permission?.details ?? ""), Math.max(1, room));
  return { text: `${question.text}\n\n${details}`, entities: question.entities };
}

/** The last message with what became of the request. */
export function withOutcome(approval: EndedApproval, timeZone: string): FormattedText {
  return appended(approval.question, cut(outcomeOf(approval, timeZone), OUTCOME_LENGTH - 2));
}

function appended({ text, entities }: FormattedText, line: string): FormattedText {
  const offset = text.length + 2;
  return { text: `${text}\n\n${line}`, entities: [...entities, { type: "bold", offset, length: line.length }] };
}

const SIGNS: Readonly<Record<ApprovalAction, string>> = { approve: "✅", deny: "❌", option: "☑️" };

function outcomeOf(approval: EndedApproval, timeZone: string): string {
  const unheard = approval.permission?.note === "unheard" ? ". Decided, but nobody waits any more" : "";
  return `${wordsOf(approval, timeZone)}${unheard}`;
}

function wordsOf(approval: EndedApproval, timeZone: string): string {
  const { state, decision, votes, expiresAt, endedAt, options, permission } = approval;
  const when = shownTime(endedAt, timeZone);
  if (permission?.note === "terminal") return `↩️ Answered in the terminal, ${when}`;
  if (permission?.note === "left") return `↩️ The session that asked is gone, ${when}`;
  if (state === "withdrawn") return `↩️ Withdrawn by the sender, ${when}`;
  if (decision === undefined) return `⌛ Expired: nobody decided by ${shownTime(expiresAt, timeZone)}`;
  const { action, option, reason } = decision;
  if (reason === "timeout") return `${SIGNS.deny} Denied: nobody decided by ${shownTime(expiresAt, timeZone)}`;
  if (option === null) {
    const chosen = votes.map((vote) => `${nameOf(vote)}: ${cut(optionText(options, vote.option), NAME_LENGTH)}`);
    return `${SIGNS.deny} No agreement — ${some(chosen)}, ${when}`;
  }
  const names = votes.filter((vote) => vote.option === option).map(nameOf);
  return `${SIGNS[action]} ${optionText(options, option)} — ${some(names)}, ${when}`;
}

/** What somebody is told whose click counts. */
export function countedAnswer({ options, required }: KeptApproval, votes: readonly KeptVote[]): string {
  const chosen = optionText(options, votes.at(-1)?.option ?? 0);
  return cut(`Counted: ${chosen}. ${votes.length} of ${required}.`, ANSWER_LENGTH);
}

export function decidedAnswer(approval: EndedApproval, timeZone: string): string {
  return cut(outcomeOf(approval, timeZone), ANSWER_LENGTH);
}

/** What somebody is told whose click comes when all is over. */
export function lateAnswer(approval: EndedApproval, timeZone: string): string {
  return cut(`This is over. ${outcomeOf(approval, timeZone)}`, ANSWER_LENGTH);
}

export function secondAnswer({ options }: KeptApproval, option: number): string {
  return cut(`You have chosen already: ${optionText(options, option)}.`, ANSWER_LENGTH);
}

export const FOREIGN_ANSWER = "This is not yours to decide: other people were asked.";
export const SEVERAL_ANSWER = "Several prompts wait under these letters: answer by their buttons.";
export const UNKNOWN_ANSWER = "This button does not count any more.";

function optionText(options: readonly string[], option: number): string {
  return shownLine(options[option] ?? "");
}

function some(texts: readonly string[]): string {
  const shown = texts.slice(0, NAMES_SHOWN).join(", ");
  return texts.length > NAMES_SHOWN ? `${shown} and ${texts.length - NAMES_SHOWN} more` : shown;
}

function nameOf({ userId, username, firstName }: Omit<KeptVote, "option">): string {
  const name = cut(shownLine(firstName ?? "") || String(userId), NAME_LENGTH);
  return username === null ? name : `${name} (@${username})`;
}

/** Never through the middle of a character. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
