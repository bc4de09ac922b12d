import { type Priority, priorities } from "../../../contract/priority.ts";

/** Lanes in their order: what the bridge answers to people who wait for it, then clients' messages by priority. */
export const laneCount = priorities.length + 1;

export const ownLane = 0;
export const laneOf = (priority: Priority): number => priorities.indexOf(priority) + 1;
/** What the bridge itself says is urgent. */
export const priorityIn = (lane: number): Priority => priorities[Math.max(0, lane - 1)] ?? "bulk";

/** How often a lane of clients may be passed over by those before it while it waits. */
const mostPassed = 4;

/**
 * Which lane goes next: the first in which something waits. So that nothing waits for ever, the bridge's own never goes twice in a
 * row while others wait, and a lane of clients that was passed over four times has its turn.
 */
export class Lanes {
  #lastWasOwn = false;
  readonly #passed = Array.from({ length: laneCount }, () => 0);

  /** `waits`: by lane, whether something waits there. Undefined when nothing does. */
  next(waits: readonly boolean[]): number | undefined {
    const other = this.#nextOther(waits);
    return waits[ownLane] === true && (!this.#lastWasOwn || other === undefined) ? ownLane : other;
  }

  /** One of a lane goes while others wait. */
  went(lane: number, waits: readonly boolean[]): void {
    this.#lastWasOwn = lane === ownLane;
    if (this.#lastWasOwn) return;
    this.#passed[lane] = 0;
    for (let behind = lane + 1; behind < laneCount; behind += 1) {
      this.#passed[behind] = waits[behind] === true ? (this.#passed[behind] ?? 0) + 1 : 0;
    }
  }

  #nextOther(waits: readonly boolean[]): number | undefined {
    const first = waits.indexOf(true, ownLane + 1);
    if (first < 0) return undefined;
    const due = waits.findIndex((waiting, lane) => lane > first && waiting && (this.#passed[lane] ?? 0) >= mostPassed);
    return due < 0 ? first : due;
  }
}
