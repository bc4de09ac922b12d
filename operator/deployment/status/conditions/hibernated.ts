import { HIBERNATED, hibernatedText, isHibernated } from "../../pausing/hibernation.ts";
import { isRolledOut } from "../progress.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** Nothing runs because the resource asks for that. */
export const hibernated: Judge = (snapshot) => {
  if (!isHibernated(snapshot.resource.spec)) return fails("Active", "activity is Active");
  return isRolledOut(snapshot)
    ? holds(HIBERNATED, hibernatedText)
    : fails("FallingAsleep", "activity is Hibernated, and pods still end");
};
