import type { ApprovalAction } from "../../../contract/approvals.ts";

const APPROVING = /^(approve|approved|accept|allow|yes|ok|okay)\b/i;
const DENYING = /^(deny|denied|decline|reject|disallow|no|cancel|abort|stop)\b/i;

/**
 * What each option means for programs that know co8/cctelegram's approve and deny alone. Words count first, so that no order
 * of the options turns a denial into an approval. Where no word says it, the first option approves, and of two the other one
 * denies. Pure.
 */
export function actionsOf(options: readonly string[]): readonly ApprovalAction[] {
  const words = options.map(byWord);
  const first = words.indexOf("option");
  const isOpen = (action: ApprovalAction) => !words.includes(action);
  return words.map((word, index) => {
    if (word !== "option") return word;
    if (isOpen("approve")) return index === first ? "approve" : denyingOther(options, isOpen);
    return denyingOther(options, isOpen);
  });
}

function denyingOther(options: readonly string[], isOpen: (action: ApprovalAction) => boolean): ApprovalAction {
  return options.length === 2 && isOpen("deny") ? "deny" : "option";
}

function byWord(option: string): ApprovalAction {
  const text = option.replace(/^[^\p{L}]+/u, "");
  if (DENYING.test(text)) return "deny";
  return APPROVING.test(text) ? "approve" : "option";
}
