import type { Accepted } from "../../contract/accepted.ts";
import type { BridgeStatus } from "../../contract/bridge-status.ts";
import type { Event } from "../../contract/event.ts";

/** How the tools reach the bridge. Both methods throw only errors of the catalogue. */
export type BridgeClient = {
  /** Resolves when the bridge has the event on disk. Sending the same event again is harmless. */
  send(event: Event): Promise<Accepted>;
  status(): Promise<BridgeStatus>;
  close(): Promise<void>;
};
