import { fails, holds, type Judge } from "./judgement.ts";

/** The user asked the operator to keep its hands off. */
export const paused: Judge = ({ resource }) =>
  resource.spec.reconciliation === "Paused"
    ? holds("PausedByUser", "reconciliation is Paused: changes are not applied until it is Active")
    : fails("Active", "changes are applied");
