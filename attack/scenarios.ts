import { costlyBodies } from "./costly-bodies.ts";
import { foreignObjects } from "./foreign-objects.ts";
import { forgedAddresses } from "./forged-addresses.ts";
import { forgedLines } from "./forged-lines.ts";
import { greedyClients } from "./greedy-clients.ts";
import { halfSent } from "./half-sent.ts";
import { rebinding } from "./rebinding.ts";
import { replays } from "./replays.ts";
import type { Scenario } from "./scenario.ts";
import { slowBodies } from "./slow-bodies.ts";
import { strangers } from "./strangers.ts";
import { wrongKeys } from "./wrong-keys.ts";

const common: readonly Scenario[] = [
  ...halfSent,
  ...slowBodies,
  ...strangers,
  ...greedyClients,
  ...costlyBodies,
  ...rebinding,
  ...forgedAddresses,
  ...forgedLines,
  ...replays,
  ...foreignObjects,
];

/** Every attack, each against an installation of its own. */
export const scenarios: readonly Scenario[] = [...common, wrongKeys(30_000)];

/** The same with as many guesses as somebody makes who has the time. */
export const longScenarios: readonly Scenario[] = [...common, wrongKeys(1_000_000)];
