import { isConflict, isNotFound } from "../../runtime/api-error.ts";
import type { Client } from "../../runtime/client.ts";
import { apiVersionOf, resourcePath } from "../../runtime/resource-type.ts";
import { outcomeOf, presentMessage } from "../backup/cached-backup.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import type { Cluster } from "../cache/cluster.ts";
import { fieldManager, managedByLabel, scheduledLabel } from "../names.ts";
import { cctelegramBackups } from "../resource-types.ts";
import { type Backup, entryOf, type Facts } from "./facts.ts";
import { needsBackup } from "./starting.ts";

type Parts = { readonly client: Pick<Client, "request">; readonly cluster: Cluster };

/** The backup that the target waits for: as it stands, or just asked for. */
export async function backupOf(
  { client, cluster }: Parts,
  { namespace, name: resource }: CachedResource,
  facts: Facts,
): Promise<Backup | undefined> {
  const target = entryOf(facts.state, facts.state.target);
  if (target?.outcome !== "Waiting" || !needsBackup(facts, target)) return undefined;
  const { revision, template } = target;
  // With the template: after a lost status a number may come back.
  const name = `${resource}-before-${revision}-${template.slice(0, 8)}`;
  const stored = cluster.informers.backups.store.get(namespace, name);
  // Whoever deletes it asks for another one, which can be made when it is gone.
  if (stored === undefined || stored.deleting)
    return { revision, name, ...(await asked(client, { namespace, name, resource })) };
  const outcome = outcomeOf(stored);
  if (outcome === undefined) return { revision, name, state: "Running", message: presentMessage(stored) };
  return { revision, name, state: outcome.succeeded ? "Succeeded" : "Failed", message: outcome.message };
}

type Names = { readonly namespace: string; readonly name: string; readonly resource: string };

async function asked(
  client: Parts["client"],
  { namespace, name, resource }: Names,
): Promise<Pick<Backup, "state" | "message">> {
  const body = {
    apiVersion: apiVersionOf(cctelegramBackups),
    kind: cctelegramBackups.kind,
    metadata: { name, namespace, labels: { ...managedByLabel, [scheduledLabel]: resource } },
    spec: { deploymentName: resource },
  };
  try {
    const path = resourcePath(cctelegramBackups, { namespace });
    // Not observed: whoever makes the backup learns of it from the watch.
    await client.request({ method: "POST", path, query: { fieldManager }, body });
  } catch (error) {
    if (isNotFound(error))
      return { state: "Failed", message: "this cluster has no CCTelegramBackup: install its definition" };
    if (!isConflict(error)) throw error;
  }
  return { state: "Running", message: "" };
}
