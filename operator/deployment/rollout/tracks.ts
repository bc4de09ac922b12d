import type { RolloutStatus } from "../../api/rollout.ts";
import { namesOf } from "../names.ts";

/** Servers of one version: the blue ones are those of RollingUpdate, too. */
export type Track = NonNullable<RolloutStatus["track"]>;

/** On pods: their track. */
export const trackLabel = "cctelegram.io/track";

const tracks: readonly Track[] = ["blue", "green"];

export const otherTrack = (track: Track): Track => (track === "blue" ? "green" : "blue");

/** The Deployment of a track. */
export const deploymentOf = (resource: string, track: Track) =>
  track === "blue" ? namesOf(resource).server : `${namesOf(resource).server}-green`;

/** The Deployment whose pods clients reach. */
export const servingDeployment = (resource: string, rollout: RolloutStatus | undefined) =>
  deploymentOf(resource, rollout?.track ?? "blue");

/** The Service by which a version is tried before clients reach it. */
export const previewOf = (resource: string) => `${namesOf(resource).server}-preview`;

/** The ControllerRevision that keeps a template. */
export const revisionName = (resource: string, template: string) => `${namesOf(resource).server}-${template}`;

export const trackIn = (labels: Readonly<Record<string, string>> | undefined): Track | undefined =>
  tracks.find((track) => track === labels?.[trackLabel]);

/** The label by which objects find the pods of one track; none finds those of all. */
export const trackLabels = (track: Track | undefined): Record<string, string> =>
  track === undefined ? {} : { [trackLabel]: track };
