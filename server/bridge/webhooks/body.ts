import type { Approval } from "../../../contract/approvals.ts";

/** What the receiver of the webhook is told of an approval that is over. */
export type WebhookBody = {
  /** `user_response` when a person decided, with the fields of co8/cctelegram; else `approval_ended`. */
  readonly webhook_type: "user_response" | "approval_ended";
  readonly timestamp: string;
  readonly client: string;
  readonly approval: Approval;
  readonly response?: {
    readonly id: string;
    readonly event_id: string;
    readonly user: { readonly id: string; readonly username: string | null; readonly first_name: string | null };
    readonly timestamp: string;
    readonly interaction_type: "callback_query";
    readonly callback_data: string;
  };
  readonly original_event: {
    readonly type: "approval_request";
    readonly title: string;
    readonly options: readonly string[];
  };
};

/** Pure. */
export function webhookBody(client: string, approval: Approval): WebhookBody {
  const { approval_id, title, options, decision, votes } = approval;
  const by = decision?.reason === "votes" ? votes.at(-1) : undefined;
  return {
    webhook_type: by === undefined ? "approval_ended" : "user_response",
    timestamp: approval.ended_at ?? approval.expires_at,
    client,
    approval,
    ...(by !== undefined &&
      decision !== undefined && {
        response: {
          id: `${approval_id}-${by.user_id}`,
          event_id: approval_id,
          user: { id: String(by.user_id), username: by.username, first_name: by.first_name },
          timestamp: by.at,
          interaction_type: "callback_query" as const,
          callback_data: decision.callback_data,
        },
      }),
    original_event: { type: "approval_request", title, options },
  };
}
