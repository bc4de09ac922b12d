import type { Accepted } from "../../contract/accepted.ts";
import type { BridgeStatus } from "../../contract/bridge-status.ts";
import { ServerError } from "../../contract/errors.ts";
import type { Event } from "../../contract/event.ts";
import { RefusedError } from "../bridge/refused-error.ts";
import type { BridgeClient } from "./bridge-client.ts";

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
  const { code, reason, message, retryAfterSeconds: retry_after } = error;
  return new ServerError(code, { reason: code === "CLIENT_QUOTA_EXCEEDED" ? message : reason, retry_after }, error);
}
