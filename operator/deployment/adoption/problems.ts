import type { Check } from "../status/check.ts";

/** Clients with the keys of before are refused; others are not concerned. */
export const keysAreNotImported: Check = ({ adoption }) =>
  adoption?.keysProblem === undefined ? undefined : { reason: "KeysNotImported", message: adoption.keysProblem };
