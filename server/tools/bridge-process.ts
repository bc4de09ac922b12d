import type { Controlled, Fence, Pause } from "../../contract/control.ts";
import { ServerError, toServerError } from "../../contract/errors.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";

/** Annotations of tools that start, stop and restart: calling one twice is calling it once. */
export const controllingAnnotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
} as const;

/** Whether the bridge delivers; one of a version that cannot be stopped does, when it answers. */
export async function stateOf(bridge: BridgeClient): Promise<Pick<Controlled, "paused" | "fenced">> {
  return unlessOlder(
    () => bridge.control.state(),
    async () => {
      await bridge.status();
      return {};
    },
  );
}

/** Lets the bridge deliver unless it is fenced; `changed` when it did not. One of a version that cannot be stopped did. */
export async function resumed(bridge: BridgeClient, client: string): Promise<Pick<Controlled, "changed" | "fenced">> {
  return unlessOlder(
    async (): Promise<Pick<Controlled, "changed" | "fenced">> => bridge.control.resume(client),
    async () => {
      await bridge.status();
      return { changed: false };
    },
  );
}

async function unlessOlder<T>(ask: () => Promise<T>, older: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (isOlder(error)) return older();
    throw error;
  }
}

/** Why it did not work, for people. */
export function reasonOf(error: unknown): string {
  const { message } = toServerError(error);
  return isOlder(error) ? `${message} The bridge's image is older than the server's: update it.` : message;
}

/** The bridge knows no such route. */
function isOlder(error: unknown): boolean {
  return (
    error instanceof ServerError && error.code === "BRIDGE_REFUSED" && `${error.details.reason}`.startsWith("404 ")
  );
}

/** What a fence means, and who ends it. */
export function fencedNote({ since }: Fence): string {
  return `The bridge has been fenced by its operator since ${since} (bridge.fencing of its resource, or BRIDGE_FENCED): it asks Telegram nothing. Messages are accepted and kept, and no client can end it.`;
}

/** What stopped delivery means. */
export function pausedNote({ since, by }: Pause): string {
  return `Delivery was stopped by ${by} at ${since}. Messages are accepted and kept; start_bridge delivers them.`;
}
