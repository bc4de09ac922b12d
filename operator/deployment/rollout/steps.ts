import type { Revision } from "../../api/rollout.ts";
import { printable } from "../printable.ts";
import { entryOf, type Facts, type State } from "./facts.ts";

/** Something to tell people about. */
export type Note = { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string };

/** A step of a rollout: the state after it. */
export type Step = { readonly state: State; readonly note?: Note };

/** Whether a step is due, and which. */
export type Policy = (facts: Facts) => Step | undefined;

export const timeOf = (ms: number) => new Date(ms).toISOString();

export const longestMessage = 1024;

export function marked(facts: Facts, state: State, revision: number | undefined, change: Partial<Revision>): State {
  const since = timeOf(facts.now);
  const revisions = state.revisions.map((entry) =>
    entry.revision === revision
      ? { ...entry, since, ...change, message: printable(change.message ?? entry.message, longestMessage) }
      : entry,
  );
  return { ...state, revisions };
}

/** Left out where undefined, as the status is stored. */
export function without<K extends keyof State>(state: State, ...names: K[]): State {
  const entries = Object.entries(state).filter(([name]) => !(names as string[]).includes(name));
  return Object.fromEntries(entries) as unknown as State;
}

const failed: ReadonlySet<Revision["outcome"]> = new Set(["Failed", "RolledBack"]);

/** Another revision takes its place. What has failed is still said to have failed. */
export function superseded(facts: Facts, state: State, revision: number | undefined, message?: string): State {
  const entry = entryOf(state, revision);
  if (entry === undefined || failed.has(entry.outcome)) return state;
  return marked(facts, state, revision, { outcome: "Superseded", ...(message === undefined ? {} : { message }) });
}

/** The pods of the version before go. On another track it may be the active one. */
export function withoutPrevious(facts: Facts, state: State): State {
  const free = without(state, "previous");
  return state.previous === state.revision ? free : superseded(facts, free, state.previous);
}
