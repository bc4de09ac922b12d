import type { Approval } from "../../contract/approvals.ts";
import { ageOf, span } from "./age.ts";
import { table } from "./table.ts";

export function approvalsText(approvals: readonly Approval[], now: number): string {
  if (approvals.length === 0) return "There are no such approvals.";
  const rows = approvals.map((approval) => [
    approval.approval_id,
    approval.state,
    ageOf(approval.created_at, now),
    approval.state === "pending" ? span(Date.parse(approval.expires_at) - now) : "",
    `${approval.votes.length}/${approval.required_approvals}`,
    approval.decision?.option ?? "",
    approval.title,
  ]);
  return table(["ID", "STATE", "AGE", "ENDS IN", "VOTES", "DECISION", "TITLE"], rows);
}
