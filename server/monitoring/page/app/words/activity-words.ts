import type { Activity } from "../../../../../contract/monitoring.ts";

type Kind = Activity["kind"];

export const activityGroups = ["everything", "problems", "messages", "people", "operation"] as const;

export type ActivityGroup = (typeof activityGroups)[number];

type Words = {
  readonly word: string;
  readonly tone: "good" | "warning" | "bad" | "quiet" | "stopped";
  readonly groups: readonly ActivityGroup[];
};

/** What each kind of activity is called, and where people look for it. */
export const activityWords: Readonly<Record<Kind, Words>> = {
  accepted: { word: "accepted", tone: "quiet", groups: ["messages"] },
  delivered: { word: "delivered", tone: "good", groups: ["messages"] },
  refused: { word: "refused", tone: "bad", groups: ["messages", "problems"] },
  muted: { word: "muted", tone: "stopped", groups: ["messages", "people"] },
  expired: { word: "expired", tone: "stopped", groups: ["messages"] },
  approval_asked: { word: "approval asked", tone: "quiet", groups: ["people"] },
  approval_ended: { word: "approval ended", tone: "good", groups: ["people"] },
  reply: { word: "reply", tone: "quiet", groups: ["people"] },
  delivery_stopped: { word: "delivery stopped", tone: "stopped", groups: ["operation", "problems"] },
  delivery_resumed: { word: "delivery resumed", tone: "good", groups: ["operation"] },
  dead_letter_retried: { word: "dead letter retried", tone: "quiet", groups: ["operation", "messages"] },
  dead_letter_dropped: { word: "dead letter dropped", tone: "warning", groups: ["operation", "messages"] },
  telegram_paused: { word: "Telegram asked for a pause", tone: "warning", groups: ["problems"] },
  telegram_unreachable: { word: "Telegram not reachable", tone: "bad", groups: ["problems"] },
  telegram_reachable: { word: "Telegram reachable", tone: "good", groups: ["problems"] },
  ban: { word: "ban", tone: "warning", groups: ["problems", "operation"] },
  ban_lifted: { word: "ban lifted", tone: "good", groups: ["operation"] },
  started: { word: "started", tone: "quiet", groups: ["operation"] },
};

export function inGroup(activity: readonly Activity[], group: ActivityGroup): readonly Activity[] {
  return group === "everything" ? activity : activity.filter(({ kind }) => activityWords[kind]?.groups.includes(group));
}

/**
 * Activities with keys of their own, which stay the same while newer ones come before them: equal ones are counted from the oldest.
 */
export function keyed(activity: readonly Activity[]): readonly (readonly [string, Activity])[] {
  const seen = new Map<string, number>();
  return activity
    .toReversed()
    .map((each) => {
      const key = JSON.stringify([each.at, each.kind, each.event_id, each.pod, each.text]);
      const count = seen.get(key) ?? 0;
      seen.set(key, count + 1);
      return [`${key} ${count}`, each] as const;
    })
    .toReversed();
}
