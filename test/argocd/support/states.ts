import type { World } from "../../operator/deployment/support/world.ts";
import { backupStates } from "./states-of-backups.ts";
import { dayTwoStates } from "./states-of-day-two.ts";
import { partStates } from "./states-of-parts.ts";
import { podStates } from "./states-of-pods.ts";
import { apiStates } from "./states-of-the-api.ts";
import { wishStates } from "./states-of-wishes.ts";

/** A state of a resource, how it comes about, and what tools report for it. */
export type State = {
  /** Name of its file in testdata, after Argo CD's verdict. */
  readonly name: string;
  /** Brings the resource "team" into this state; the operator has not been started. */
  readonly bringAbout: (world: World) => Promise<void>;
  /** Reason of Ready; undefined if there is none yet. */
  readonly ready: string | undefined;
  readonly argo: "Healthy" | "Progressing" | "Degraded" | "Suspended";
  readonly kstatus: "Current" | "InProgress" | "Failed" | "Terminating";
  /** Why the two verdicts differ, if they do. */
  readonly because?: string;
};

/** Every state in which a resource was recorded. */
export const states: readonly State[] = [
  ...wishStates,
  ...partStates,
  ...podStates,
  ...apiStates,
  ...dayTwoStates,
  ...backupStates,
];

export const fileOf = ({ argo, name }: State) => `${argo.toLowerCase()}_${name}.yaml`;
