import { notifyWhenDone } from "./notify-when-done.ts";
import type { Prompt } from "./prompt.ts";
import { reportProgress } from "./report-progress.ts";
import { summariseChange } from "./summarise-change.ts";

/** Every prompt of the product, in the order in which they are listed. */
export const prompts: readonly Prompt[] = [notifyWhenDone, summariseChange, reportProgress];
