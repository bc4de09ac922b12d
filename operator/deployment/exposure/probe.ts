import type { Reading } from "../probe-schedule.ts";

/** Where and how the public address of a resource is looked at. */
export type ExposureTarget = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly scheme: "http" | "https";
  /** The public name; undefined where clients use the address. */
  readonly host: string | undefined;
  /** What the controllers wrote into statuses: addresses, or names of load balancers. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly basePath: string;
  /** What our servers prove themselves with. */
  readonly secret: string;
  /** SHA-256 of the certificate that should be shown; undefined where somebody else has it. */
  readonly certificate: string | undefined;
};

/** Our server has answered. */
export type ExposureAnswer = {
  readonly answered: true;
  readonly lasting?: boolean;
  /** RFC 3339; when the certificate that was shown ends. */
  readonly certificateEnds?: string;
  /** The name leads to other addresses than those of the controller, as the operator's DNS has it. */
  readonly leadsElsewhere?: boolean;
};

/** What somebody outside of the cluster would find. */
export type ExposureProbe =
  | ExposureAnswer
  | { readonly answered: false; readonly lasting?: boolean; readonly reason: string; readonly message: string };

export const exposureFails = (reason: string, message: string): ExposureProbe => ({ answered: false, reason, message });

/** How the schedule reads what was found. */
export const exposureReading: Reading<ExposureProbe> = {
  isWell: ({ answered }) => answered,
  isQuiet: () => true,
  shown: (result) => JSON.stringify(result) ?? "",
};
