import { ServerError } from "../../../../contract/errors.ts";
import { bodyLimitText } from "../../../../contract/limits.ts";
import type { Caller } from "../../../access/access.ts";
import type { Speaker } from "../../connection-exchange.ts";
import { Conversation, type ConversationOptions } from "../../conversation.ts";
import type { RequestLogger } from "../../method.ts";
import type { Peer } from "./stdio.ts";

export type LocalPeerOptions = ConversationOptions & {
  readonly logFor: (requestId: string) => RequestLogger;
};

/** Whoever starts the process: it may do everything, and nobody counts how often. */
const caller: Caller = {
  client: { id: "local", name: "local", permissions: new Set(["*"]) },
  isAuthenticated: true,
  charge: () => undefined,
  chargeTool: () => undefined,
};

/** Answers by itself. */
export function localPeer({ logFor, ...options }: LocalPeerOptions): Peer {
  const conversation = new Conversation(options);
  const speaker = (): Speaker => {
    const requestId = options.newId();
    return { caller, origin: { address: "", requestId, transport: "stdio" }, log: () => logFor(requestId) };
  };
  return {
    get isFull() {
      return conversation.isFull;
    },
    take: (line) => void conversation.take(line, speaker()),
    refuse(envelope) {
      const error = new ServerError("PAYLOAD_TOO_LARGE", { limit: bodyLimitText });
      conversation.refuse(error, envelope?.id, envelope?.method, speaker().origin);
    },
    drain() {
      const drained = conversation.drain();
      conversation.hangUp();
      return drained;
    },
    end: () => conversation.end(),
  };
}
