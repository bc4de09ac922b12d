import * as z from "zod";
import { callTraceSchema } from "./event.ts";

/** What an approval takes at most. Texts are counted in UTF-16 units. */
export const approvalLimits = Object.freeze({
  options: 10,
  optionLength: 200,
  /** Four Telegram messages have room for it, with everything around it. */
  descriptionLength: 8_000,
  timeoutMinutes: 7 * 24 * 60,
  approvers: 100,
});

const id = z.string().min(1).max(128);
const time = z.iso.datetime({ offset: true });
const person = z.int().min(1).describe("Telegram id of a person");

/** The body of the bridge's `POST /approvals`: what a person is asked to decide. */
export const approvalRequestSchema = z.object({
  approval_id: id.describe("Identity within the client; asked again under it, nothing is sent again"),
  client: z.string().min(1).max(100).describe("Whose key asks: nobody else sees it"),
  source: z.string().min(1).max(100),
  title: z.string().min(1).max(200),
  description: z.string().min(1).max(approvalLimits.descriptionLength),
  options: z.array(z.string().min(1).max(approvalLimits.optionLength)).min(2).max(approvalLimits.options).readonly(),
  timeout_minutes: z.number().positive().max(approvalLimits.timeoutMinutes),
  on_timeout: z.enum(["expire", "deny"]),
  approvers: z
    .array(person)
    .min(1)
    .max(approvalLimits.approvers)
    .readonly()
    .exactOptional()
    .describe("Who may decide; without it everybody who may talk to the bot"),
  required_approvals: z.int().min(1).max(approvalLimits.approvers).describe("People who have to choose the same"),
  chats: z
    .array(z.int())
    .min(1)
    .max(approvalLimits.approvers)
    .readonly()
    .exactOptional()
    .describe("Where it is asked; without it where the approvers are"),
  // A server of the version before does not tell.
  trace: callTraceSchema.exactOptional(),
});

export type ApprovalRequest = z.output<typeof approvalRequestSchema>;

/** What an option means for a program: approve and deny, or something of its own. */
const approvalActions = ["approve", "deny", "option"] as const;

export type ApprovalAction = (typeof approvalActions)[number];

export const approvalStates = ["pending", "decided", "expired", "withdrawn"] as const;

const voteSchema = z.object({
  user_id: z.int(),
  username: z.string().nullable(),
  first_name: z.string().nullable(),
  option: z.string(),
  at: z.string().describe("RFC 3339"),
});

const decisionSchema = z.object({
  action: z.enum(approvalActions),
  option: z.string().nullable().describe("The chosen option; null when nobody chose one"),
  option_index: z.int().min(0).nullable(),
  reason: z
    .enum(["votes", "disagreement", "timeout"])
    .describe(
      "votes: people chose it; disagreement: not enough people can still choose the same; timeout: nobody did in time",
    ),
  at: z.string().describe("RFC 3339"),
  callback_data: z.string().describe("The decision in the words of co8/cctelegram: approve_ID, deny_ID or optN_ID"),
});

/** How an approval is: the body of the bridge's `GET /approvals/:id`. Times are RFC 3339. */
export const approvalSchema = z.object({
  approval_id: z.string(),
  state: z
    .enum(approvalStates)
    .describe("pending; decided; expired: nobody decided in time; withdrawn: the client has taken it back"),
  // A bridge of the version before does not tell.
  client: z.string().exactOptional().describe("Name of the client that asks"),
  title: z.string(),
  options: z.array(z.string()).readonly(),
  required_approvals: z.int().min(1),
  approvers: z.array(z.int()).readonly().describe("Who may decide"),
  votes: z.array(voteSchema).readonly().describe("What people chose, oldest first"),
  decision: decisionSchema.exactOptional(),
  created_at: z.string(),
  expires_at: z.string(),
  ended_at: z.string().exactOptional(),
});

export type Approval = Readonly<z.output<typeof approvalSchema>>;
export type ApprovalDecision = NonNullable<Approval["decision"]>;

/** The bridge's answer to `POST /approvals`. */
export const approvalAskedSchema = z.object({
  approval: approvalSchema,
  messages: z.int().min(0).describe("Telegram messages that it became"),
  duplicate: z.boolean().describe("It had been asked before: nothing is sent again"),
  warnings: z.array(z.string()).readonly().exactOptional(),
});

export type ApprovalAsked = Readonly<z.output<typeof approvalAskedSchema>>;

/** The query of one approval. */
export const approvalOwnerSchema = z.object({
  client: z.string().exactOptional().describe("Whose it is; without it the newest of anybody's under this id"),
});

/** The query of the bridge's `GET /approvals`. */
export const approvalQuerySchema = z.object({
  client: z.string().exactOptional().describe("Whose; without it everybody's"),
  state: z.enum(approvalStates).exactOptional(),
  since: time.exactOptional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

export type ApprovalQuery = z.output<typeof approvalQuerySchema>;

/** The body of the bridge's `GET /approvals`, newest first. */
export const approvalsSchema = z.object({ approvals: z.array(approvalSchema).readonly() });

/** What the bridge publishes on the topic of an approval: it is another now. */
const approvalNoticeSchema = z.object({
  approval_id: z.string(),
  client: z.string(),
  state: z.enum(approvalStates),
});

export type ApprovalNotice = Readonly<z.output<typeof approvalNoticeSchema>>;

/**
 * The path under which the bridge tells how an approval is, or takes it back. Without a client it is anybody's.
 *
 * @example
 * ```ts
 * approvalPath("deploy 7", "ci"); // => /approvals/deploy%207?client=ci
 * ```
 */
export function approvalPath(approvalId: string, client: string | undefined): string {
  const query = client === undefined ? "" : `?client=${encodeURIComponent(client.toWellFormed())}`;
  return `/approvals/${encodeURIComponent(approvalId.toWellFormed())}${query}`;
}

/**
 * The path and query under which the bridge lists approvals.
 *
 * @example
 * ```ts
 * approvalsPath({ client: "ci", state: "pending", limit: 20 }); // => /approvals?client=ci&state=pending&limit=20
 * ```
 */
export function approvalsPath(query: ApprovalQuery): string {
  return `/approvals?${new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))}`;
}
