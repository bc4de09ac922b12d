import * as z from "zod";
import { ServerError } from "../../../../contract/errors.ts";
import { parseJson } from "../../../json/parse-json.ts";
import { type MessageId, readMessage } from "../../message.ts";

/** The method by which a client shows its key, when it could not send headers. */
export const authenticateMethod = "authenticate";

/** Longest message that is read of a stranger, in bytes. */
export const longestAuthentication = 8 * 1024;

const paramsSchema = z.object({ apiKey: z.string().min(1).max(1024) });

/** What a first message is: a key, or why it is none. */
export type Introduction = {
  readonly id: MessageId | undefined;
  readonly method: string | undefined;
  /** Undefined for a message that shows none. */
  readonly apiKey: string | undefined;
};

/** Reads the first message of a client that has not shown a key. Throws MALFORMED_JSON. */
export function readIntroduction(text: string): Introduction {
  const message = readMessage(parseJson(text).value);
  const id = message.kind === "request" || message.kind === "malformed" ? message.id : undefined;
  if (message.kind !== "request" || message.method !== authenticateMethod) {
    return { id, method: message.kind === "request" ? message.method : undefined, apiKey: undefined };
  }
  return { id, method: message.method, apiKey: keyIn(message.params) };
}

/** The key in the parameters of `authenticate`; undefined when there is none. */
export function keyIn(params: unknown): string | undefined {
  return paramsSchema.safeParse(params).data?.apiKey;
}

/** Names under which clients put keys into URLs. */
const keyNames = /^(x-)?(api[-_]?key|key|(access[-_]?|auth[-_]?)?token|authorization|bearer|secret)$/i;

/** Throws INVALID_REQUEST for a URL that holds a key: proxies and browsers write URLs down. */
export function refuseKeyInUrl(url: string): void {
  const { searchParams } = new URL(url, "http://localhost");
  if (![...searchParams.keys()].some((name) => keyNames.test(name))) return;
  throw new ServerError("INVALID_REQUEST", {
    reason: `a key must not be in the URL, where logs keep it: send it as X-API-Key or Authorization, or in a first message \`${authenticateMethod}\`; and replace this key, which may be in a log now`,
  });
}
