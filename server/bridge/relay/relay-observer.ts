/** Why something is not kept: no room in the log before its time, none among the values, or over a limit of its own. */
export type DropReason = "log_full" | "values_full" | "refused";

/** Is told what a relay does. */
export type RelayObserver = {
  onMessage(topic: string): void;
  onDropped(reason: DropReason, count: number): void;
  /** Somebody was told that messages are missing. */
  onGap(): void;
};

/** Nobody looks. */
export const unobserved: RelayObserver = { onMessage() {}, onDropped() {}, onGap() {} };
