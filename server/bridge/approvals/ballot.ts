import type { ApprovalAction } from "../../../contract/approvals.ts";

/** What is voted on, and what was said so far. */
export type Ballot = {
  /** What each option means. */
  readonly actions: readonly ApprovalAction[];
  /** People who have to choose the same. */
  readonly required: number;
  /** Who may vote now. */
  readonly approvers: ReadonlySet<number>;
  readonly votes: readonly Vote[];
};

export type Vote = { readonly userId: number; readonly option: number };

export type Ruling =
  | { readonly kind: "not_an_approver" }
  /** The person has chosen before: the first choice counts. */
  | { readonly kind: "second"; readonly option: number }
  /** It counts, and more people have to choose. */
  | { readonly kind: "counted" }
  /** It counts, and it settles the matter; without an option when not enough people can choose the same any more. */
  | { readonly kind: "decided"; readonly option: number | null; readonly reason: "votes" | "disagreement" };

/**
 * What a person's choice does. One denial settles the matter, however many have to approve; any other option needs the
 * required number of different people. Pure.
 */
export function rulingOn({ actions, required, approvers, votes }: Ballot, vote: Vote): Ruling {
  if (!approvers.has(vote.userId)) return { kind: "not_an_approver" };
  const earlier = votes.find(({ userId }) => userId === vote.userId);
  if (earlier !== undefined) return { kind: "second", option: earlier.option };
  const all = [...votes, vote];
  const count = (option: number) => all.filter((each) => each.option === option).length;
  if (actions[vote.option] === "deny" || count(vote.option) >= required) {
    return { kind: "decided", option: vote.option, reason: "votes" };
  }
  const voted = new Set(all.map(({ userId }) => userId));
  const left = [...approvers].filter((userId) => !voted.has(userId)).length;
  const canAgree = actions.some((_, option) => count(option) + left >= required);
  return canAgree ? { kind: "counted" } : { kind: "decided", option: null, reason: "disagreement" };
}
