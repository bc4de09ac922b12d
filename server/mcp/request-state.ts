import { hash } from "node:crypto";
import * as z from "zod";
import { ServerError } from "../../contract/errors.ts";
import type { InputResponses } from "../features/interaction.ts";
import { isObject, type RequestMessage } from "./message.ts";
import type { Seal } from "./seal.ts";

/** A client may take this many milliseconds for its answers. */
const lifetimeMs = 600_000;

/** What a round of a call leaves to the next one: the handler's state, and what the client has answered so far. */
type Round = { readonly state?: unknown; readonly answered: InputResponses };

export type RequestStates = {
  /** What a client has to send back with its answers to this request, and nobody else with no other. */
  give(round: Round, message: RequestMessage, clientId: string): string;
  /** The round that came back with a request; undefined when none did. Throws INVALID_PARAMS. */
  take(message: RequestMessage, clientId: string): Round | undefined;
};

const contentSchema = z.object({
  client: z.string(),
  call: z.string(),
  ends: z.number(),
  state: z.unknown().optional(),
  answered: z.custom<InputResponses>((value) => isObject(value)),
});

/** State that travels through the client (MCP 2026-07-28, Multi Round-Trip Requests): sealed, bound, with an end. */
export function createRequestStates(seal: Seal, clock: () => number): RequestStates {
  return {
    give: (round, message, clientId) =>
      seal.seal({ client: clientId, call: callOf(message), ends: clock() + lifetimeMs, ...round }),
    take(message, clientId) {
      const { requestState } = message.params;
      if (requestState === undefined) return undefined;
      const content = contentSchema.safeParse(typeof requestState === "string" ? seal.open(requestState) : undefined);
      if (!content.success) throw invalid("it was not given by this server");
      const { client, call, ends, ...round } = content.data;
      if (client !== clientId || call !== callOf(message)) throw invalid("it belongs to another request");
      if (ends <= clock()) throw invalid("it has expired: call again without it");
      return round;
    },
  };
}

/** What makes two requests the same call. */
function callOf({ method, params: { name, uri, arguments: args } }: RequestMessage): string {
  return hash("sha256", JSON.stringify([method, name, uri, args]), "base64url");
}

function invalid(reason: string): ServerError {
  return new ServerError("INVALID_PARAMS", { problems: `requestState: ${reason}` });
}
