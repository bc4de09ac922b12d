import type { BridgeTelling } from "../../contract/monitoring-servers.ts";
import { printable } from "../terminal/printable.ts";
import { ageOf, span } from "./age.ts";
import { table } from "./table.ts";

export type QueueView = Pick<BridgeTelling, "queue" | "dead_letters" | "paused" | "fenced"> & {
  readonly waits: BridgeTelling["pacing"]["waits"];
};

export const queueView = ({ queue, dead_letters, paused, fenced, pacing }: BridgeTelling): QueueView => ({
  queue,
  ...(paused === undefined ? {} : { paused }),
  ...(fenced === undefined ? {} : { fenced }),
  waits: pacing.waits,
  dead_letters,
});

/** How many wait, for what, and which were refused. */
export function queueText({ queue, paused, fenced, waits, dead_letters }: QueueView, now: number): string {
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
  return [...lines, "", deadLettersText(dead_letters, queue.dead_letters, now)].join("\n");
}

function deadLettersText(letters: QueueView["dead_letters"], count: number, now: number): string {
  if (letters.length === 0) return "Telegram refused no message for good.";
  const rows = letters.map(({ id, at, chat, client, event_id, reason }) => [
    String(id),
    ageOf(at, now),
    chat,
    client,
    event_id,
    reason,
  ]);
  const more =
    count > letters.length ? `\n${count - letters.length} older ones are not shown; --all means them, too.` : "";
  return `Refused messages:\n${table(["ID", "AGE", "CHAT", "CLIENT", "EVENT", "REASON"], rows)}${more}`;
}
