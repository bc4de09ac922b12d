import type { PausedStatus } from "../../../contract/bridge-status.ts";

/** The reason of Delivering while a client has stopped delivery. */
export const DELIVERY_PAUSED = "DeliveryPaused";

/** That delivery is stopped, since when and by whom, and what to do. */
export function pausedText({ since, by }: PausedStatus): string {
  const who = by === undefined ? "" : ` by the client ${by}`;
  return `delivery has been stopped${who} since ${since} until the tool start_bridge is called`;
}
