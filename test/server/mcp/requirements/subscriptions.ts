import { page, type Stated } from "./requirement.ts";

export const subscriptions = page(
  "2026-07-28",
  "basic/patterns/subscriptions",
  (
    [
      ["asked-for", "MUST NOT", "Opening a Stream", "Kinds of notifications that were not asked for are not sent."],
      [
        "acknowledged",
        "MUST",
        "Acknowledgment",
        "The first message acknowledges what was asked for, under the subscription's id.",
      ],
      ["nothing-before", "MUST NOT", "Acknowledgment", "No notification comes before it."],
      [
        "graceful-end",
        "SHOULD",
        "Cancellation",
        "A subscription that the server ends is answered with a result, and then its stream ends.",
      ],
      ["completion", "SHOULD", "Graceful Closure", "That result is an ordinary one that names the subscription."],
    ] as const
  ).map(
    ([id, level, heading, says]): Stated => ({ id, level, heading, says, open: "There is no subscriptions/listen." }),
  ),
);
