import * as z from "zod";
import { ServerError } from "../../../../contract/errors.ts";
import type { Credentials } from "../../../access/access.ts";
import { parseJson } from "../../../json/parse-json.ts";
import { type MessageId, readMessage } from "../../message.ts";

/** The method by which a client shows its key or its access token, when it could not send headers. */
export const authenticateMethod = "authenticate";

/** Longest message that is read of a stranger, in bytes. */
export const longestAuthentication = 8 * 1024;

const paramsSchema = z.union([
  z.object({ apiKey: z.string().min(1).max(1024) }),
  z.object({ accessToken: z.string().min(1).max(longestAuthentication) }),
]);

/** What a first message is: a key or an access token, or why it is none. */
export type Introduction = {
  readonly id: MessageId | undefined;
  readonly method: string | undefined;
  /** Empty for a message that shows none. */
  readonly credentials: Credentials;
};

/** Reads the first message of a client that has not shown a key. Throws MALFORMED_JSON. */
export function readIntroduction(text: string): Introduction {
  const message = readMessage(parseJson(text).value);
  const id = message.kind === "request" || message.kind === "malformed" ? message.id : undefined;
  if (message.kind !== "request" || message.method !== authenticateMethod) {
    return { id, method: message.kind === "request" ? message.method : undefined, credentials: {} };
  }
  return { id, method: message.method, credentials: credentialsIn(message.params) };
}

/** What the parameters of `authenticate` show; empty when that is nothing. */
export function credentialsIn(params: unknown): Credentials {
  const { data } = paramsSchema.safeParse(params);
  if (data === undefined) return {};
  return "apiKey" in data ? data : { authorization: `Bearer ${data.accessToken}` };
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
