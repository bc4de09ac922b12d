import type { PlannedServers } from "./plan.ts";
import type { Template } from "./template.ts";
import type { Track } from "./tracks.ts";

/** Servers of a plan, with what their Deployment is made from. */
export type PlannedDeployment = PlannedServers & {
  /** Undefined: the template is not kept any more, so the Deployment stays as it is. */
  readonly pods: Template | undefined;
  /** The replicas to write while no other manager has set them, else undefined. */
  readonly replicas: number | undefined;
};

/** Servers that should run another revision than they do, whose template is gone. */
export type LostRevision = Pick<PlannedServers, "revision" | "template" | "track">;

export function lostIn(rollout: Rollout | undefined): LostRevision | undefined {
  const lost = rollout?.servers.find(({ pods }) => pods === undefined);
  return lost && { revision: lost.revision, template: lost.template, track: lost.track };
}

/** A plan, ready to be written. */
export type Rollout = {
  /** Those that clients reach come first. */
  readonly servers: readonly [PlannedDeployment, ...PlannedDeployment[]];
  /** The track that Services select; undefined: all servers. */
  readonly track: Track | undefined;
  readonly isPreviewed: boolean;
  /** The pods that the spec asks for: others are restarted with them. */
  readonly present: Template;
  readonly bridgeImage: string;
};
