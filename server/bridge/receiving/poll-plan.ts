import { backoffMs } from "../pacing/backoff.ts";
import type { Problem } from "../telegram/problem.ts";

/** How a request for updates ended. */
export type PollResult =
  | { readonly kind: "answered"; readonly fresh: number; readonly tookMs: number }
  /** The updates are Telegram's still: the disk did not take them. */
  | { readonly kind: "not_stored"; readonly error: string }
  /** Telegram answers, and cannot call the webhook. */
  | { readonly kind: "undelivered"; readonly error: string }
  | Problem;

export const pollKinds = [
  "answered",
  "not_stored",
  "undelivered",
  "conflict",
  "unauthorized",
  "rate_limited",
  "unreachable",
] as const satisfies readonly PollResult["kind"][];

/** What the next request depends on beside the last result. */
export type PollState = { readonly failures: number; readonly conflicts: number; readonly conflictAt: number };

export const FIRST_POLL: PollState = { failures: 0, conflicts: 0, conflictAt: Number.NEGATIVE_INFINITY };

/** An answer without anything new that comes sooner than that did not wait for updates. */
const HASTE_MS = 1_000;
/** Two that ask for the same updates end each other's requests: each time this one waits longer. */
const CONFLICT_MS = { first: 5_000, last: 60_000 } as const;
/** So long without a conflict, and the other one is gone. */
const PEACE_MS = 300_000;
/** As the token's check: a new token is noticed at once anyway. */
const UNAUTHORIZED_MS = 30_000;

export type PlanFacts = {
  readonly now: number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Rest after an answer, in milliseconds. */
  readonly restMs: number;
};

/** When to ask again after a result. Pure. */
export function planAfter(
  result: PollResult,
  state: PollState,
  { now, random, restMs }: PlanFacts,
): { readonly state: PollState; readonly delayMs: number } {
  switch (result.kind) {
    case "answered": {
      const isHasty = result.fresh === 0 && result.tookMs < HASTE_MS;
      return { state: { ...state, failures: 0 }, delayMs: Math.max(restMs, isHasty ? HASTE_MS : 0) };
    }
    case "conflict": {
      const conflicts = now - state.conflictAt > PEACE_MS ? 0 : state.conflicts;
      const delayMs = Math.min(CONFLICT_MS.first * 2 ** Math.min(conflicts, 10), CONFLICT_MS.last);
      const next = { failures: 0, conflicts: conflicts + 1, conflictAt: now };
      return { state: next, delayMs: Math.round(delayMs * (1 - random() / 4)) };
    }
    case "undelivered":
      return { state: { ...state, failures: 0 }, delayMs: Math.max(restMs, HASTE_MS) };
    case "unauthorized":
      return { state: { ...state, failures: 0 }, delayMs: UNAUTHORIZED_MS };
    case "rate_limited":
      return { state: { ...state, failures: 0 }, delayMs: result.retryAfterMs };
    case "unreachable":
    case "not_stored": {
      const failures = state.failures + 1;
      return { state: { ...state, failures }, delayMs: backoffMs(state.failures, random) };
    }
  }
}
