import { fails, holds, type Judge } from "./judgement.ts";

/** The user has paused the reconciliation. */
export const paused: Judge = ({ resource }) =>
  resource.spec.reconciliation === "Paused"
    ? holds("PausedByUser", "reconciliation is Paused: changes are not applied until it is Active")
    : fails("Active", "changes are applied");
