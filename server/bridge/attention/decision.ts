import type { AttentionMode } from "../../../contract/attention.ts";
import type { Event } from "../../../contract/event.ts";
import { type EventWeight, eventTypeOf } from "../../../contract/event-types.ts";
import type { QuietHours } from "../../../contract/quiet-hours.ts";
import { isQuiet } from "./quiet-time.ts";

/** What becomes of a message: it makes a sound, it comes without one, or it is not sent. */
export type Decision = "sound" | "silent" | "dropped";

/** What one person wants. */
export type Settings = {
  readonly mode: AttentionMode;
  readonly quietHours: QuietHours | undefined;
  /** IANA name. */
  readonly timeZone: string;
};

/** By its type; what is grave by its own words is essential whatever its type. */
export function weightOf({ type, data }: Pick<Event, "type" | "data">): EventWeight {
  const weight = eventTypeOf(type)?.weight ?? "ordinary";
  const isGrave = data.severity === "high" || data.severity === "critical";
  return weight === "ordinary" && isGrave ? "essential" : weight;
}

/**
 * - nomad: everything makes a sound.
 * - local: approvals and what is essential make a sound, the rest comes without one.
 * - muted: approvals come without a sound, the rest is not sent.
 *
 * In quiet hours nothing makes a sound.
 */
export function decide(weight: EventWeight, { mode, quietHours, timeZone }: Settings, time: number): Decision {
  if (mode === "muted") return weight === "approval" ? "silent" : "dropped";
  if (mode === "local" && weight === "ordinary") return "silent";
  return quietHours !== undefined && isQuiet(quietHours, timeZone, time) ? "silent" : "sound";
}
