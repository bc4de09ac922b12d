import type { Reading } from "../probing/probe-schedule.ts";

/** How to probe the public address of a resource. */
export type ExposureTarget = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly scheme: "http" | "https";
  /** The public name; undefined if clients use the address. */
  readonly host: string | undefined;
  /** Addresses, or names of load balancers, from the statuses that controllers write. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly basePath: string;
  /** The secrets with one of which our servers prove their identity. */
  readonly secrets: readonly string[];
  /** SHA-256 of the expected certificate; undefined if it is configured elsewhere. */
  readonly certificate: string | undefined;
};

/** Our server has answered. */
export type ExposureAnswer = {
  readonly answered: true;
  readonly lasting?: boolean;
  /** Expiry of the presented certificate, RFC 3339. */
  readonly certificateEnds?: string;
  /** In the operator's DNS, the name has other addresses than those of the controller. */
  readonly leadsElsewhere?: boolean;
};

/** What a client outside the cluster would get. */
export type ExposureProbe =
  | ExposureAnswer
  | { readonly answered: false; readonly lasting?: boolean; readonly reason: string; readonly message: string };

export const exposureFails = (reason: string, message: string): ExposureProbe => ({ answered: false, reason, message });

/** How the schedule interprets the results. */
export const exposureReading: Reading<ExposureProbe> = {
  isWell: ({ answered }) => answered,
  isQuiet: () => true,
  shown: (result) => JSON.stringify(result) ?? "",
};
