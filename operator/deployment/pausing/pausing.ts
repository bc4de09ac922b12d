import type { DeploymentSpec } from "../../api/spec.ts";

/** The operator leaves everything as it is: somebody paused it, or wants to see what it would do. */
export const isPaused = ({ reconciliation }: DeploymentSpec): boolean => reconciliation !== "Active";

/** The operator says what it would do. */
export const isDryRun = ({ reconciliation }: DeploymentSpec): boolean => reconciliation === "DryRun";
