import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { namesOf, selectorLabels } from "../names.ts";
import { services } from "../resource-types.ts";
import { trackLabels } from "../rollout/tracks.ts";

/**
 * The Services that lead clients to the servers under the names that they know. One that leads there stays, whatever happens to the
 * servers: the former ones may be gone.
 */
export function adoptedServices(blueprint: Blueprint): Child[] {
  const { adoption } = blueprint;
  if (adoption === undefined) return [];
  const { server, bridge, dashboard, external } = namesOf(blueprint.name);
  const own: readonly string[] = [server, bridge, dashboard, external];
  return (blueprint.spec.adoption?.services ?? [])
    .filter(({ name }) => !own.includes(name))
    .filter(({ name }) => adoption.serversReady || adoption.moved.includes(name))
    .map(({ name, port }) =>
      child(services, {
        apiVersion: "v1",
        kind: "Service",
        metadata: metadataOf(blueprint, name, "mcp-server"),
        spec: {
          type: "ClusterIP",
          selector: { ...selectorLabels(blueprint.name, "mcp-server"), ...trackLabels(blueprint.rollout?.track) },
          // Without a name: that of the port stays, which rules of others may use.
          ports: [{ port, targetPort: "http", protocol: "TCP" }],
        },
      }),
    );
}
