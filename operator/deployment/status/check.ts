import type { Snapshot } from "../snapshot.ts";

/** Something that is wrong, with a message that says what to do. */
export type Problem = { readonly reason: string; readonly message: string };

/** Judges one fact. Conditions and problems are composed of the same checks, so that they never contradict each other. */
export type Check = (snapshot: Snapshot) => Problem | undefined;
