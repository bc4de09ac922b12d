import { fails, holds, type Judge } from "./judgement.ts";

/** The user has paused the reconciliation, or asks what it would do. */
export const paused: Judge = ({ resource, dryRun = [] }) => judgements[resource.spec.reconciliation](dryRun.length > 0);

const judgements = {
  Active: () => fails("Active", "changes are applied"),
  Paused: () => holds("PausedByUser", "reconciliation is Paused: changes are not applied until it is Active"),
  DryRun: (wouldChange: boolean) =>
    holds(
      "DryRun",
      `reconciliation is DryRun: nothing is written; ${wouldChange ? "status.dryRun says what would change" : "nothing would change"}`,
    ),
};
