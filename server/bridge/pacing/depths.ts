import type { Priority } from "../../../contract/priority.ts";
import { laneCount, priorityIn } from "./lanes.ts";

/** How many messages wait or are under way in all chats, counted as they come and go: whoever asks walks no chats. */
export class Depths {
  readonly #byLane = Array.from({ length: laneCount }, () => 0);

  add(lane: number, messages: number): void {
    this.#byLane[lane] = (this.#byLane[lane] ?? 0) + messages;
  }

  /** What the bridge itself says counts as urgent. */
  byPriority(): Readonly<Record<Priority, number>> {
    const sums = { urgent: 0, normal: 0, bulk: 0 };
    for (const [lane, depth] of this.#byLane.entries()) sums[priorityIn(lane)] += depth;
    return sums;
  }
}
