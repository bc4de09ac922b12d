import * as z from "zod";
import { type Approval, approvalLimits, approvalSchema } from "../../contract/approvals.ts";
import type { Interaction } from "../features/interaction.ts";
import { sent, source, text, title } from "./fields.ts";
import { sendingAnnotations } from "./send-event.ts";
import { defineTool, type Tool, type ToolContext } from "./tool.ts";

/** Clients give a call up after a minute: before that the round ends, and the client comes again (MCP 2026-07-28). */
const ROUND_MS = 45_000;
/** The official SDKs come again ten times at most. */
const ROUNDS = 9;
const PROGRESS_EVERY_MS = 5_000;
const LONGEST_WAIT_S = 3_600;

const option = text(approvalLimits.optionLength);
const person = z.number().int().min(1);

/** A list whose bounds are no keywords of the schema: not every model's API takes them. */
function several<Item extends z.ZodType>(item: Item, least: number, most: number) {
  return z
    .array(item)
    .refine(({ length }) => length >= least && length <= most, `there must be ${least} to ${most} of them`);
}

const input = z.object({
  title,
  description: text(approvalLimits.descriptionLength).describe(
    `What is to be decided, with everything that a person has to know: at most ${approvalLimits.descriptionLength} characters, shown whole`,
  ),
  options: several(option, 2, approvalLimits.options)
    .default(["Approve", "Deny"])
    .describe("What people can choose: 2 to 10 buttons with any text. Without a word for it the first one approves"),
  task_id: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe(
      "Id of the request; made when not given. The same request under the same id is not sent again, but its decision told",
    ),
  source,
  timeout_minutes: z
    .number()
    .min(0.05)
    .max(approvalLimits.timeoutMinutes)
    .default(30)
    .describe("How long people have to decide, in minutes: 3 seconds to 7 days"),
  on_timeout: z
    .enum(["expire", "deny"])
    .default("expire")
    .describe("What the request becomes when nobody decides in time"),
  approvers: several(person, 1, approvalLimits.approvers)
    .optional()
    .describe("Telegram ids of the people who may decide; default: all who may talk to the bot"),
  required_approvals: z
    .number()
    .int()
    .min(1)
    .max(approvalLimits.approvers)
    .default(1)
    .describe("How many people have to choose the same. One denial is enough to deny"),
  chats: several(z.number().int(), 1, approvalLimits.approvers)
    .optional()
    .describe("Telegram ids of the chats to ask in, people or groups; default: the approvers, or all recipients"),
  wait_seconds: z
    .number()
    .min(0)
    .max(LONGEST_WAIT_S)
    .default(0)
    .describe(
      "How long this call waits for the decision; 0: it answers at once. Call again with the same task_id to go on waiting",
    ),
});

type Args = z.output<typeof input>;

/** What one round of a call leaves to the next. */
const roundSchema = z.object({ id: z.string(), round: z.number(), endsAt: z.number() });

type Round = z.output<typeof roundSchema>;

/** `roundMs`: the longest round of a call whose client comes again by itself. */
export function approvalRequestTool({ roundMs }: { readonly roundMs: number }): Tool {
  return defineTool({
    name: "send_approval_request",
    title: "Ask for an approval",
    description:
      "Ask people on Telegram to decide something by pressing a button, and, with wait_seconds, wait for their decision. Otherwise ask for it later: the same call with the same task_id, the resource cctelegram://approvals/{approval_id}, or get_telegram_responses.",
    permission: "send_approval_request",
    rest: ["POST"],
    cost: 1,
    limit: 30,
    input,
    output: sent.extend({
      approval_id: z.string().describe("Under which the decision can be asked for"),
      approval: approvalSchema.describe("How it is now"),
    }),
    annotations: { ...sendingAnnotations, idempotentHint: true },
    async handler(args, context) {
      const { interaction, bridge, client, trace } = context;
      const earlier = roundSchema.safeParse(interaction.state);
      const round = earlier.success ? earlier.data : firstRound(args, context);
      const asked = await bridge.approvals.ask({ ...requestOf(args, round.id, client.name), ...(trace && { trace }) });
      const approval = await decision(asked.approval, { ...round, roundMs }, context);
      const warning = asked.warnings?.join(" ");
      const message = `Approval request sent successfully. Event ID: ${round.id}${said(approval, args.wait_seconds)}`;
      return {
        success: true,
        event_id: round.id,
        message,
        ...(warning !== undefined && { warning }),
        approval_id: round.id,
        approval,
      };
    },
  });
}

export const sendApprovalRequest = approvalRequestTool({ roundMs: ROUND_MS });

function firstRound({ task_id, wait_seconds }: Args, { newId, clock }: ToolContext): Round {
  return { id: task_id ?? newId(), round: 1, endsAt: clock() + wait_seconds * 1000 };
}

function requestOf(
  { wait_seconds: _wait, task_id: _id, approvers, chats, ...words }: Args,
  id: string,
  client: string,
) {
  return { ...words, ...(approvers && { approvers }), ...(chats && { chats }), approval_id: id, client };
}

/** Waits as the client can: by a task, in rounds, or on the open call, with progress. */
async function decision(
  approval: Approval,
  { roundMs, ...round }: Round & { readonly roundMs: number },
  context: ToolContext,
): Promise<Approval> {
  const { interaction, bridge, client, clock } = context;
  const left = round.endsAt - clock();
  if (left <= 0 || approval.state !== "pending") return approval;
  const isTask = interaction.detach();
  const isInRounds = !isTask && interaction.isRepeatable;
  if (!isTask && !isInRounds) interaction.hold();
  const progress = showProgress(interaction, left);
  try {
    const forMs = isInRounds ? Math.min(left, roundMs) : left;
    const { signal } = interaction;
    const now = await bridge.approvals.wait({
      id: round.id,
      client: client.name,
      forMs,
      signal,
      onLook: progress.look,
    });
    if (isInRounds && now.state === "pending" && forMs < left && round.round < ROUNDS) {
      interaction.again({ ...round, round: round.round + 1 });
    }
    return now;
  } finally {
    progress.stop();
  }
}

/** Tells that somebody is waited for: connections on which nothing happens are cut. */
function showProgress(interaction: Interaction, totalMs: number) {
  const start = performance.now();
  let words = "Waiting for a decision on Telegram";
  const tell = () => interaction.progress(Math.round(performance.now() - start) / 1000, totalMs / 1000, words);
  const timer = setInterval(tell, PROGRESS_EVERY_MS);
  return {
    look({ votes, required_approvals }: Approval): void {
      if (votes.length > 0) words = `${votes.length} of ${required_approvals} have chosen`;
      tell();
    },
    stop: () => clearInterval(timer),
  };
}

function said({ state, decision, votes }: Approval, waited: number): string {
  if (state === "expired") return ". Nobody decided in time: it has expired.";
  if (state === "withdrawn") return ". It was withdrawn.";
  if (decision === undefined) return waited > 0 ? ". Nobody has decided yet: call again with this id as task_id." : "";
  if (decision.reason === "timeout") return ". Nobody decided in time: it counts as denied.";
  if (decision.option === null) return ". The people asked did not agree: it counts as denied.";
  const names = votes.filter(({ option: chosen }) => chosen === decision.option).map(nameOf);
  return `. Decision: ${decision.option}, by ${names.join(", ")}.`;
}

function nameOf({ username, first_name, user_id }: Approval["votes"][number]): string {
  return username === null ? (first_name ?? String(user_id)) : `@${username}`;
}
