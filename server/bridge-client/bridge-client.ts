import type { Accepted } from "../../contract/accepted.ts";
import type { BridgeStatus } from "../../contract/bridge-status.ts";
import { ServerError } from "../../contract/errors.ts";
import type { Event } from "../../contract/event.ts";
import { RefusedError } from "../bridge/refused-error.ts";

/** How the tools reach the bridge. Both methods throw only errors of the catalogue. */
export type BridgeClient = {
  /** Resolves when the bridge has the event on disk. Sending the same event again is harmless. */
  send(event: Event): Promise<Accepted>;
  status(): Promise<BridgeStatus>;
  close(): Promise<void>;
};

/** The part of a bridge in the same process that a client needs. */
export type LocalBridge = {
  accept(event: Event): Promise<Accepted>;
  status(): BridgeStatus;
};

/** A client of a bridge in the same process (standalone role). Closing it leaves the bridge open. */
export function localBridgeClient(bridge: LocalBridge): BridgeClient {
  return {
    async send(event) {
      try {
        return await bridge.accept(event);
      } catch (error) {
        throw refusal(error);
      }
    },
    status: async () => bridge.status(),
    close: async () => {},
  };
}

function refusal(error: unknown): unknown {
  if (!(error instanceof RefusedError)) return error;
  const { reason, message, retryAfterSeconds: retry_after } = error;
  if (reason === "client_quota") {
    return new ServerError("CLIENT_QUOTA_EXCEEDED", { reason: message, retry_after }, error);
  }
  return new ServerError("BRIDGE_UNAVAILABLE", { reason, retry_after }, error);
}
