import type { DeploymentSpec } from "../../api/spec.ts";
import { isHibernated } from "../pausing/hibernation.ts";

/** Whether a resource asks to receive what people say to its bot, in whatever way. One that sleeps leaves it to others. */
export const asksToReceive = (spec: DeploymentSpec): boolean =>
  (spec.telegram.updates ?? "None") !== "None" && !isHibernated(spec);
