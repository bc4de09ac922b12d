import type { PausedStatus, QueueStatus, ReceivingStatus, TelegramStatus } from "../../../contract/bridge-status.ts";
import type { VolumeUse } from "../volume/growth.ts";
import type { Reading } from "./probe-schedule.ts";

/** What an MCP client would get through the Service. */
export type ServerProbe =
  | { readonly verified: true; readonly protocolVersion: string; readonly serverVersion: string }
  | {
      readonly verified: false;
      readonly reason: string;
      readonly message: string;
      /** Uids of the pods that fail while others pass, in order. */
      readonly failingPods?: readonly string[];
    };

/** What the bridge reports about itself. */
export type BridgeProbe =
  | {
      readonly answered: true;
      readonly telegram: Pick<TelegramStatus, "reachable" | "error" | "token_refused">;
      readonly queue: Pick<QueueStatus, "usable" | "pending" | "limit" | "error">;
      /** Recipients that Telegram refuses messages to; older bridges do not report them. */
      readonly refusals?: readonly Refusal[] | undefined;
      /** Topics that Telegram refuses messages for; they go to the General topic. */
      readonly refusedTopics?: readonly RefusedTopic[] | undefined;
      /** How full its volume is, rounded; older bridges do not report it. */
      readonly volume?: VolumeUse | undefined;
      /** Why nothing is sent for a longer time. */
      readonly waiting?: string | undefined;
      /** Delivery is stopped; older bridges cannot be stopped. */
      readonly paused?: PausedStatus | undefined;
      /** It asks Telegram nothing, as the resource wishes; older bridges cannot be fenced. */
      readonly fenced?: true | undefined;
      /** Whether what people say reaches it; older bridges do not report it. */
      readonly receiving?: Receiving | undefined;
    }
  | { readonly answered: false; readonly message: string };

/** How the bridge receives what people say, and why it does not. */
type Receiving = Pick<ReceivingStatus, "mode" | "receiving" | "other_consumer" | "undelivered" | "error" | "hint">;

/** A recipient that Telegram refuses messages to. */
export type Refusal = {
  /** 0 when only its public name is known. */
  readonly chatId: number;
  /** Its name in telegram.chats. */
  readonly name?: string | undefined;
  readonly reason: string;
  readonly hint?: string | undefined;
};

/** A topic of telegram.chats, and what to do about it. */
export type RefusedTopic = { readonly name: string; readonly hint: string };

export type ProbeResult = {
  readonly server: ServerProbe | undefined;
  readonly bridge: BridgeProbe | undefined;
  /** The template of all servers that could answer. */
  readonly template?: string;
  /** Another version has just taken over, or soon will. */
  readonly isWatched?: true;
  /** False while a failure may be a normal state of a start; set by the schedule. Default: true. */
  readonly lasting?: boolean;
};

/** Every probed part answered, without a problem. */
export const isWell = ({ server, bridge }: ProbeResult) =>
  server?.verified !== false &&
  (!bridge || (bridge.answered && (bridge.fenced || bridge.telegram.reachable) && bridge.queue.usable));

export type Target = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly mcpUrl: string;
  readonly bridgeUrl: string;
  readonly verifierKey: string;
  readonly hmac: string;
  /** The template of all servers; undefined while there are others, too. */
  readonly template?: string;
  /** It is asked more often: another version has just taken over, or soon will. */
  readonly isWatched?: true;
  /** Parts without a pod are not probed. */
  readonly hasServer: boolean;
  readonly hasBridge: boolean;
};

/** Below ten it is 0, above that only the first digit is kept: so the status is not written for every message. */
export function rounded(count: number): number {
  if (count < 10) return 0;
  const step = 10 ** Math.floor(Math.log10(count));
  return Math.floor(count / step) * step;
}

/** How the schedule reads the results. */
export const partsReading: Reading<ProbeResult> = {
  isWell,
  isQuiet: ({ bridge, isWatched }) => !isWatched && (!bridge?.answered || rounded(bridge.queue.pending) === 0),
  shown: (result) => JSON.stringify(result, (key, value) => (key === "pending" ? rounded(value) : value)) ?? "",
};
