import type { Revision } from "../../api/rollout.ts";
import { printable } from "../printable.ts";
import type { Facts, State } from "./facts.ts";

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

export const superseded = (facts: Facts, state: State, revision: number | undefined, message?: string): State =>
  revision === undefined
    ? state
    : marked(facts, state, revision, { outcome: "Superseded", ...(message === undefined ? {} : { message }) });

/** The pods of the version before go. What became of it is known already if it gave way, or is the active one on another track. */
export function withoutPrevious(facts: Facts, state: State): State {
  const free = without(state, "previous");
  const isFormer = state.revisions.some(
    ({ revision, outcome }) => revision === state.previous && outcome === "Previous",
  );
  return isFormer ? superseded(facts, free, state.previous) : free;
}
