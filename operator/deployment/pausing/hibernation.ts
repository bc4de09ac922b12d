import { serverScaling } from "../../api/sizing.ts";
import type { DeploymentSpec } from "../../api/spec.ts";

/** The reason of conditions while nothing runs because somebody asked for it. */
export const HIBERNATED = "Hibernated";

/** Nothing shall run: no server, and no bridge. What is stored stays. */
export const isHibernated = ({ activity }: DeploymentSpec): boolean => activity === "Hibernated";

/** No server shall run. */
export const isStopped = (spec: DeploymentSpec): boolean => isHibernated(spec) || serverScaling(spec).min === 0;

export const hibernatedText =
  "activity is Hibernated: no server and no bridge runs, the queue and all Secrets are kept. Set activity to Active to wake them";
