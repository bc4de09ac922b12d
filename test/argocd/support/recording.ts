import { dump } from "js-yaml";
import type { RolloutStatus } from "../../../operator/api/rollout.ts";
import { type Resource, readResource } from "../../operator/deployment/support/steps.ts";
import type { World } from "../../operator/deployment/support/world.ts";

const time = "2026-01-01T00:00:00Z";

/** The resource "team" as the API server stores it, without values that differ each time. */
export async function record(world: World): Promise<Resource> {
  const text = JSON.stringify(await readResource(world, "team"));
  const timeless = text
    .replaceAll(world.namespace, "cctelegram")
    .replaceAll(/begins at [\dTZ:-]+/g, `begins at ${time}`)
    // The hash of a template in which the namespace stands.
    .replaceAll(/(?<=team-mcp-server-)[\da-f]{16}/g, "0123456789abcdef");
  const resource = JSON.parse(timeless) as Resource;
  const { managedFields: _, ...metadata } = resource.metadata;
  const { deletionTimestamp } = metadata as { deletionTimestamp?: string };
  return {
    ...resource,
    metadata: {
      ...metadata,
      creationTimestamp: time,
      ...(deletionTimestamp ? { deletionTimestamp: time } : {}),
      resourceVersion: "1",
      uid: "6a9e5b1e-0000-4000-8000-000000000000",
    } as Resource["metadata"],
    status: withoutTimes(resource.status ?? {}),
  };
}

const withoutTimes = (status: NonNullable<Resource["status"]>): NonNullable<Resource["status"]> => ({
  ...status,
  ...(status.rollout ? { rollout: withoutSince(status.rollout) } : {}),
  ...(status.conditions
    ? { conditions: status.conditions.map((condition) => ({ ...condition, lastTransitionTime: time })) }
    : {}),
});

const withoutSince = (rollout: RolloutStatus): RolloutStatus => ({
  ...rollout,
  ...(rollout.revisions ? { revisions: rollout.revisions.map((entry) => ({ ...entry, since: time })) } : {}),
});

export const asYaml = (object: object) => dump(object, { lineWidth: -1, sortKeys: true, quoteStyle: "double" });

const decisive = ["Ready", "Reconciling", "Stalled", "Degraded", "Paused"];

/** What verdicts depend on, without what the operator may write later: counts, and conditions of single parts. */
export const essence = ({ spec, metadata, status }: Resource) => ({
  spec,
  generation: metadata.generation,
  deleting: "deletionTimestamp" in metadata,
  observedGeneration: status?.observedGeneration,
  conditions: status?.conditions?.filter(({ type }) => decisive.includes(type)),
});
