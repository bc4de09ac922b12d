import type { Approval } from "../../contract/approvals.ts";
import { ageOf, span } from "./age.ts";
import { table } from "./table.ts";

/** People who are named; an approval may have a hundred. */
const mostNamed = 5;

export function approvalsText(approvals: readonly Approval[], now: number): string {
  if (approvals.length === 0) return "There are no such approvals.";
  const rows = approvals.map((approval) => [
    approval.approval_id,
    approval.state,
    approval.client ?? "",
    ageOf(approval.created_at, now),
    approval.state === "pending" ? span(Date.parse(approval.expires_at) - now) : "",
    `${approval.votes.length}/${approval.required_approvals}`,
    outcomeOf(approval),
    approval.title,
  ]);
  return table(["ID", "STATE", "CLIENT", "AGE", "ENDS IN", "VOTES", "OUTCOME", "TITLE"], rows);
}

const reasons = { votes: "", disagreement: " (too few agree)", timeout: " (nobody decided in time)" } as const;

/** What was decided, or who still has to choose what. */
function outcomeOf({ state, decision, approvers, votes, options, required_approvals: required }: Approval): string {
  if (decision !== undefined) return `${decision.option ?? decision.action}${reasons[decision.reason]}`;
  if (state !== "pending") return "";
  const asked = approvers.filter((person) => !votes.some(({ user_id }) => user_id === person));
  const others = asked.length > mostNamed ? ` and ${asked.length - mostNamed} others` : "";
  const most = Math.max(0, ...options.map((option) => votes.filter((vote) => vote.option === option).length));
  return `waits for ${required - most} of ${asked.slice(0, mostNamed).join(", ")}${others} to choose ${options.join(" or ")}`;
}
