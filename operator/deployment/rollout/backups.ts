import * as z from "zod";
import { isConflict, isNotFound } from "../../runtime/api-error.ts";
import type { Client } from "../../runtime/client.ts";
import { apiVersionOf, resourcePath } from "../../runtime/resource-type.ts";
import type { CachedResource } from "../cached-objects.ts";
import { fieldManager, managedByLabel, scheduledLabel } from "../names.ts";
import { cctelegramBackups } from "../resource-types.ts";
import { type Backup, entryOf, type Facts } from "./facts.ts";
import { needsBackup } from "./starting.ts";

const found = z.object({
  status: z
    .object({
      conditions: z.array(z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() })),
      completionTime: z.string().optional(),
    })
    .partial()
    .optional(),
});

type Parts = { readonly client: Pick<Client, "get" | "request"> };

/** The backup that the target waits for: as it stands, or just asked for. */
export async function backupOf(
  { client }: Parts,
  { namespace, name: resource }: CachedResource,
  facts: Facts,
): Promise<Backup | undefined> {
  const target = entryOf(facts.state, facts.state.target);
  if (target?.outcome !== "Waiting" || !needsBackup(facts, target)) return undefined;
  const { revision, template } = target;
  // With the template: after a lost status a number may come back.
  const name = `${resource}-before-${revision}-${template.slice(0, 8)}`;
  try {
    const stored = await client.get(resourcePath(cctelegramBackups, { namespace, name }));
    return { revision, name, ...stateOf(found.parse(stored)) };
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return { revision, name, ...(await asked(client, { namespace, name, resource })) };
  }
}

type State = Pick<Backup, "state" | "message">;

function stateOf({ status }: z.infer<typeof found>): State {
  const ended = status?.conditions?.find(({ type }) => type === "Succeeded");
  if (ended?.status === "True") return { state: "Succeeded", message: "" };
  if (ended?.status === "False" && status?.completionTime !== undefined)
    return { state: "Failed", message: ended.message };
  return { state: "Running", message: "" };
}

type Names = { readonly namespace: string; readonly name: string; readonly resource: string };

async function asked(client: Parts["client"], { namespace, name, resource }: Names): Promise<State> {
  const body = {
    apiVersion: apiVersionOf(cctelegramBackups),
    kind: cctelegramBackups.kind,
    metadata: { name, namespace, labels: { ...managedByLabel, [scheduledLabel]: resource } },
    spec: { deploymentName: resource },
  };
  try {
    await client.request({
      method: "POST",
      path: resourcePath(cctelegramBackups, { namespace }),
      query: { fieldManager },
      body,
    });
  } catch (error) {
    if (isNotFound(error))
      return { state: "Failed", message: "this cluster has no CCTelegramBackup: install its definition" };
    if (!isConflict(error)) throw error;
  }
  return { state: "Running", message: "" };
}
