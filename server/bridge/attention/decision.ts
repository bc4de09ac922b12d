import type { AttentionMode } from "../../../contract/attention.ts";
import type { Event, EventType } from "../../../contract/event.ts";
import type { QuietHours } from "../../../contract/quiet-hours.ts";
import { isQuiet } from "./quiet-time.ts";

/** How much an event matters to somebody who has no time: an approval always comes. */
export type Weight = "ordinary" | "essential" | "approval";

/** What becomes of a message: it makes a sound, it comes without one, or it is not sent. */
export type Decision = "sound" | "silent" | "dropped";

/** What one person wants. */
export type Settings = {
  readonly mode: AttentionMode;
  readonly quietHours: QuietHours | undefined;
  /** IANA name. */
  readonly timeZone: string;
};

/** Results and failures: what somebody at the computer wants to hear of, too. */
const essential: ReadonlySet<string> = new Set<EventType>([
  "task_completion",
  "task_failed",
  "build_failed",
  "test_failed",
  "error_occurred",
  "performance_alert",
  "security_alert",
  "alert_notification",
]);

export function weightOf({ type, data }: Pick<Event, "type" | "data">): Weight {
  if (type === "approval_request") return "approval";
  const isGrave = data.severity === "high" || data.severity === "critical";
  return essential.has(type) || isGrave ? "essential" : "ordinary";
}

/**
 * - nomad: everything makes a sound.
 * - local: approvals and what is essential make a sound, the rest comes without one.
 * - muted: approvals come without a sound, the rest is not sent.
 *
 * In quiet hours nothing makes a sound.
 */
export function decide(weight: Weight, { mode, quietHours, timeZone }: Settings, time: number): Decision {
  if (mode === "muted") return weight === "approval" ? "silent" : "dropped";
  if (mode === "local" && weight === "ordinary") return "silent";
  return quietHours !== undefined && isQuiet(quietHours, timeZone, time) ? "silent" : "sound";
}
