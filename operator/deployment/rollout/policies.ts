import { retires, returns } from "./keeping.ts";
import { moves } from "./moving.ts";
import { completes, fails, joinsTrack, leavesTrack, movesHome, promotes, waits } from "./outcome.ts";
import { begins, continues, forgives, rests, starts, undoes } from "./starting.ts";
import type { Policy } from "./steps.ts";

/** In this order: whoever asks for something is heard first, what fails is seen before what succeeds. */
export const policies: readonly Policy[] = [
  begins,
  undoes,
  forgives,
  starts,
  rests,
  continues,
  moves,
  fails,
  completes,
  joinsTrack,
  leavesTrack,
  promotes,
  waits,
  movesHome,
  returns,
  retires,
];
