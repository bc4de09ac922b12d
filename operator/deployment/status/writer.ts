import { isDeepStrictEqual } from "node:util";
import type { Condition, DeploymentStatus } from "../../api/status.ts";
import type { Result } from "../../runtime/controller.ts";
import { apiVersionOf } from "../../runtime/resource-type.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import { fieldManager } from "../names.ts";
import type { ReconcileParts } from "../reconcile-parts.ts";
import { regarding } from "../regarding.ts";
import { cctelegramDeployments } from "../resource-types.ts";
import { settlingMs } from "./pacing.ts";
import { transitions } from "./status.ts";

type Parts = Pick<ReconcileParts, "cluster" | "client" | "recorder" | "now" | "statusDueAt">;

/** Writes a changed status, now or when it has settled. */
export async function writeStatus(parts: Parts, resource: CachedResource, status: DeploymentStatus): Promise<Result> {
  const { namespace, name } = resource;
  const key = `${namespace}/${name}`;
  if (isDeepStrictEqual(status, resource.status)) {
    parts.statusDueAt.delete(key);
    return {};
  }
  const now = parts.now();
  const dueAt = Math.min(
    parts.statusDueAt.get(key) ?? Number.POSITIVE_INFINITY,
    now + settlingMs(resource.status, status),
  );
  parts.statusDueAt.set(key, dueAt);
  if (dueAt > now) return { requeueAfterMs: dueAt - now };
  await write(parts, resource, status);
  parts.statusDueAt.delete(key);
  announce(parts, resource, resource.status.conditions ?? [], status.conditions ?? []);
  return {};
}

async function write({ client, cluster }: Parts, { namespace, name, uid }: CachedResource, status: DeploymentStatus) {
  const object = {
    apiVersion: apiVersionOf(cctelegramDeployments),
    kind: cctelegramDeployments.kind,
    metadata: { namespace, name },
    status,
  };
  const written = await client.apply(cctelegramDeployments, object, {
    fieldManager,
    subresource: "status",
    // With the uid: a resource that was deleted in the meantime must not be created again, nor its successor get this status.
    onto: { uid },
  });
  cluster.observe(cctelegramDeployments, written);
}

/** Writes a status at once, and tells nobody: what is decided has to stand before it is done. */
export async function storeStatus(parts: Parts, resource: CachedResource, status: DeploymentStatus): Promise<void> {
  await write(parts, resource, status);
}

function announce(parts: Parts, resource: CachedResource, before: Condition[], after: Condition[]): void {
  for (const transition of transitions(before, after)) parts.recorder.record(regarding(resource), transition);
}
