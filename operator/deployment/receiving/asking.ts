import type { DeploymentSpec } from "../../api/spec.ts";

/** Whether a resource asks to receive what people say to its bot, in whatever way. */
export const asksToReceive = ({ telegram: { updates = "None" } }: DeploymentSpec): boolean => updates !== "None";
