import type { CachedResource } from "../cache/cached-objects.ts";
import type { Cluster } from "../cache/cluster.ts";
import type { RestorePlan } from "./restore-plan.ts";
import { type NoPlan, restorePlanOf } from "./restore-source.ts";

/** The archive that the bridge starts with, or why there is none. */
export function restoreOf({ namespace, spec }: CachedResource, cluster: Cluster): RestorePlan | NoPlan | undefined {
  const find = (name: string) => cluster.informers.backups.store.get(namespace, name);
  return spec.restoreFrom && restorePlanOf(spec.restoreFrom, find);
}
