import type { DeadLetters } from "../../contract/dead-letters.ts";
import type { BridgeTelling } from "../../contract/monitoring-servers.ts";
import { printable } from "../terminal/printable.ts";
import { ageOf, span } from "./age.ts";
import { table } from "./table.ts";

export type QueueView = Pick<BridgeTelling, "queue" | "paused" | "fenced"> &
  DeadLetters & { readonly waits: BridgeTelling["pacing"]["waits"] };

/** With a page of the refused messages, or the newest ones. */
export const queueView = (
  { queue, dead_letters, paused, fenced, pacing }: BridgeTelling,
  page: DeadLetters = newest(dead_letters, queue.dead_letters),
): QueueView => ({
  queue,
  ...(paused === undefined ? {} : { paused }),
  ...(fenced === undefined ? {} : { fenced }),
  waits: pacing.waits,
  ...page,
});

function newest(letters: BridgeTelling["dead_letters"], count: number): DeadLetters {
  const last = count > letters.length ? letters.at(-1) : undefined;
  return { dead_letters: letters, ...(last && { next_before: last.id }) };
}

/** How many wait, for what, and which were refused. */
export function queueText(view: QueueView, now: number): string {
  const { queue, paused, fenced, waits } = view;
  const oldest = queue.pending === 0 ? "" : `, the oldest for ${span(queue.oldest_age_seconds * 1_000)}`;
  const lines = [
    `${queue.pending} of at most ${queue.limit} messages wait${oldest}.`,
    ...(queue.usable ? [] : [`The queue takes no messages: ${printable(queue.error ?? "no reason given")}`]),
    ...(fenced === undefined
      ? []
      : [`The bridge is fenced since ${fenced.since} (bridge.fencing): nothing is sent until it is Open.`]),
    ...(paused === undefined
      ? []
      : [`Delivery is stopped since ${paused.since} by ${printable(paused.by ?? "somebody")}.`]),
    ...waits.map(
      ({ chat, reason, until }) =>
        `${printable(chat)} waits: ${printable(reason)}${until === undefined ? "" : ` until ${until}`}`,
    ),
  ];
  return [...lines, "", deadLettersText(view, now)].join("\n");
}

function deadLettersText({ queue, dead_letters: letters, next_before: next }: QueueView, now: number): string {
  if (queue.dead_letters === 0) return "Telegram refused no message for good.";
  if (letters.length === 0) return `None of the ${queue.dead_letters} refused messages is one of these.`;
  const rows = letters.map(({ id, at, chat, client, event_id, reason }) => [
    String(id),
    ageOf(at, now),
    chat,
    client,
    event_id,
    reason,
  ]);
  const more =
    next === undefined ? "" : `\nThere are older ones: --before ${next} shows them, and --all means them, too.`;
  return `Refused messages:\n${table(["ID", "AGE", "CHAT", "CLIENT", "EVENT", "REASON"], rows)}${more}`;
}
