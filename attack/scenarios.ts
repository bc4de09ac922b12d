import { costlyBodies } from "./costly-bodies.ts";
import { foreignObjects } from "./foreign-objects.ts";
import { forgedAddresses } from "./forged-addresses.ts";
import { greedyClients } from "./greedy-clients.ts";
import { halfSent } from "./half-sent.ts";
import { rebinding } from "./rebinding.ts";
import type { Scenario } from "./scenario.ts";
import { strangers } from "./strangers.ts";

/** Every attack, each against an installation of its own. */
export const scenarios: readonly Scenario[] = [
  ...halfSent,
  ...strangers,
  ...greedyClients,
  ...costlyBodies,
  ...rebinding,
  ...forgedAddresses,
  ...foreignObjects,
];
