import { type ModeRequest, type ModeSet, modeSetSchema } from "../../contract/attention.ts";
import { routes } from "../../contract/routes.ts";
import type { Attention } from "../bridge/attention/attention.ts";
import type { BridgeCall } from "./bridge-calls.ts";

/** Who wants to be disturbed by what. */
export type AttentionClient = {
  /** Resolves when the mode is on disk. Throws UNKNOWN_PERSON. */
  setModes(request: ModeRequest): Promise<ModeSet>;
};

/** Of a bridge elsewhere. */
export function httpAttention(call: <T>(request: BridgeCall<T>) => Promise<T>): AttentionClient {
  return {
    setModes: (request) =>
      call({ method: "POST", path: routes.attentionMode, body: JSON.stringify(request), schema: modeSetSchema }),
  };
}

/** Of a bridge in the same process, which another one may take the place of. */
export function localAttention(
  refusing: <T>(ask: () => T | Promise<T>) => Promise<T>,
  attention: () => Pick<Attention, "setModes">,
): AttentionClient {
  return { setModes: (request) => refusing(() => attention().setModes(request)) };
}
