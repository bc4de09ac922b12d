import type { PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { ApprovalTable, Ending } from "./approval-table.ts";
import type { EndedApproval, KeptApproval, KeptPermission } from "./kept-approval.ts";
import { withOutcome } from "./wording.ts";

export type EndingRoom = {
  readonly table: ApprovalTable;
  readonly queue: Pick<Queue, "keyboardsOf" | "forgetKeyboards" | "addLine" | "currentChat">;
  /** IANA name of the zone in which times are told. */
  readonly timeZone: string;
  /** Whoever else keeps the outcome, in the same transaction. */
  readonly onEnding: (approval: EndedApproval, at: number) => void;
  /** Whether anybody waits for the verdict on a prompt still. */
  readonly isWaitedFor: (permission: KeptPermission) => boolean;
};

export type Ended = { readonly approval: EndedApproval; readonly lines: readonly PendingMessage[] };

/** Ends an approval and its buttons, in the transaction of the write that calls it; undefined when it was over before. */
export function end(kept: KeptApproval, ending: Ending, room: EndingRoom, at: number): Ended | undefined {
  const { table, onEnding, isWaitedFor } = room;
  const { permission } = kept;
  const isUnheard = ending.state === "decided" && permission !== undefined && !isWaitedFor(permission);
  const approval = table.end(kept, isUnheard ? { ...ending, note: "unheard" } : ending, at);
  if (approval === undefined) return undefined;
  table.record(approval, { what: ending.state }, at);
  onEnding(approval, at);
  return { approval, lines: withoutButtons(approval, room, at) };
}

/** What the end of its time makes of an approval. */
export function timeoutOf({ onTimeout, actions }: Pick<KeptApproval, "onTimeout" | "actions">): Ending {
  if (onTimeout === "expire") return { state: "expired", option: null, reason: null };
  const denial = actions.indexOf("deny");
  return { state: "decided", option: denial < 0 ? null : denial, reason: "timeout" };
}

/** The messages with the buttons get the outcome in their place; a group that has become another one gets it as a message. */
export function withoutButtons(
  approval: EndedApproval,
  { queue, timeZone }: Pick<EndingRoom, "queue" | "timeZone">,
  at: number,
): readonly PendingMessage[] {
  const outcome = withOutcome(approval, timeZone);
  const sent = queue.keyboardsOf(approval);
  queue.forgetKeyboards(approval);
  return sent.flatMap(({ chatId, messageId }) => {
    const edits = queue.currentChat(chatId) === chatId ? { edits: messageId } : {};
    return queue.addLine({ ...outcome, chatId, ...edits }, at) ?? [];
  });
}
