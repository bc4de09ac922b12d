import * as z from "zod";
import type { Response } from "../../contract/responses.ts";
import { readingAnnotations } from "./fields.ts";
import { told, toldResponse } from "./told-response.ts";
import { defineTool, type ToolContext } from "./tool.ts";

const decision = z.object({
  action: z.enum(["approve", "deny"]),
  task_id: z.string().describe("What stands behind approve_ or deny_ in the button's data"),
  user_id: z.number(),
  username: z.string().nullable(),
  timestamp: z.string().describe("RFC 3339"),
  response_data: toldResponse,
});

type Decision = z.output<typeof decision>;

export const processPendingResponses = defineTool({
  name: "process_pending_responses",
  title: "Find approvals and denials",
  description:
    "The buttons for approval or denial that people pressed lately on Telegram, newest first, with a summary. It changes nothing: asked again it tells the same.",
  permission: "process_pending_responses",
  rest: ["GET", "POST"],
  cost: 1,
  limit: 60,
  input: z.object({
    since_minutes: z.number().min(1).max(1440).default(10).describe("How far to look back, in minutes"),
  }),
  output: z.object({
    summary: z.object({
      total_recent_responses: z.number(),
      actionable_responses: z.number(),
      pending_approvals: z.number(),
      pending_denials: z.number(),
      time_window_minutes: z.number(),
    }),
    actionable_responses: z.array(decision),
    recommendations: z.array(z.string()),
  }),
  annotations: readingAnnotations,
  async handler({ since_minutes }, context) {
    const since = new Date(context.clock() - since_minutes * 60_000).toISOString();
    const { responses: newest, total = newest.length } = await context.bridge.responses({
      client: context.client.name,
      since,
      limit: 1,
    });
    const decisions = (await clicks(since, context)).flatMap(decisionOf);
    const count = (action: Decision["action"]) => decisions.filter((each) => each.action === action).length;
    return {
      summary: {
        total_recent_responses: total,
        actionable_responses: decisions.length,
        pending_approvals: count("approve"),
        pending_denials: count("deny"),
        time_window_minutes: since_minutes,
      },
      actionable_responses: decisions,
      recommendations: [recommendation(decisions.length, since_minutes)],
    };
  },
});

const PAGE = 100;

/** All of them, page by page; the bridge keeps a bounded number. */
async function clicks(since: string, { bridge, client }: ToolContext): Promise<readonly Response[]> {
  const found: Response[] = [];
  for (let before: number | undefined; ; before = found.at(-1)?.id) {
    const page = { client: client.name, since, kind: "click", limit: PAGE } as const;
    const { responses } = await bridge.responses(before === undefined ? page : { ...page, before });
    found.push(...responses);
    if (responses.length < PAGE) return found;
  }
}

function decisionOf(response: Response): readonly Decision[] {
  const [, action, task_id = ""] = /^(approve|deny)_(.*)$/s.exec(response.text) ?? [];
  if (action !== "approve" && action !== "deny") return [];
  const { user_id, username, at } = response;
  return [{ action, task_id, user_id, username, timestamp: at, response_data: told(response) }];
}

function recommendation(count: number, minutes: number): string {
  if (count > 0)
    return "Compare task_id with what was asked, and act on each decision once: they stay until they are cleared.";
  return `Nobody approved or denied anything in the last ${minutes} minutes. Look further back with since_minutes, or ask again later.`;
}
