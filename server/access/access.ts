import { ServerError } from "../../contract/errors.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import { networkOf } from "./address.ts";
import type { Client } from "./client.ts";
import type { KeyStore } from "./key-store.ts";
import { type Charge, type LimitedTool, Limits, type LimitsOptions } from "./limits.ts";
import type { ProtectedResource } from "./oauth/protected-resource.ts";
import { TokenRefusal } from "./oauth/token-refusal.ts";
import { type Origin, securityDetails } from "./origin.ts";

export { auditDetails, type Origin, securityDetails } from "./origin.ts";

/**
 * What a caller shows, as it stands in the headers of these names. A key may be in either, and an access token in the second only;
 * where both are there, the first one counts alone.
 */
export type Credentials = { readonly apiKey?: string | undefined; readonly authorization?: string | undefined };

/** Who calls, with what it may do and how often. */
export type Caller = {
  readonly client: Client;
  /** False when authentication is off: anybody may be it. */
  readonly isAuthenticated: boolean;
  /** Counts a call, or one that costs as much as several; undefined when calls are not limited. */
  charge(origin: Origin, cost?: number): Charge | undefined;
  /** Counts a call of one tool, beside that; undefined when calls are not limited. */
  chargeTool(origin: Origin, tool: LimitedTool): Charge | undefined;
};

export type AccessOptions = LimitsOptions & {
  readonly keys: KeyStore;
  /** Access tokens beside keys, or instead of them; undefined: none. */
  readonly oauth?: ProtectedResource | undefined;
  readonly auth: { readonly enabled: boolean; readonly takesKeys: boolean };
  readonly security: SecurityLog;
};

export type Access = {
  /**
   * Finds out who calls: at once, but for an access token that was not seen before. `before` is who showed the same credentials last
   * on the same connection: if they still count, the key is not hashed again. Throws, or rejects with, AUTHENTICATION_ERROR or
   * ACCESS_TOKEN_REQUIRED, ADDRESS_BANNED or RATE_LIMIT_EXCEEDED for too many wrong keys of a network, or
   * AUTHORIZATION_SERVER_UNAVAILABLE.
   */
  authenticate(credentials: Credentials, origin: Origin, before?: Caller): Caller | Promise<Caller>;
};

/** Networks that are remembered while authentication is off. */
const keptStrangers = 10_000;

const anybody: Omit<Client, "id"> = { name: "anonymous", permissions: new Set(["*"]) };

/** What stands in front of everything that needs a key, whichever transport it comes by. */
export function createAccess(options: AccessOptions): Access {
  const { keys, oauth, auth, security, clock } = options;
  const limits = new Limits(options);

  const callers = new WeakMap<Client, Caller>();
  const callerOf = (client: Client): Caller => {
    const known = callers.get(client) ?? {
      client,
      isAuthenticated: auth.enabled,
      charge: (origin, cost = 1) => limits.charge(client, origin, cost),
      chargeTool: (origin, tool) => limits.chargeTool(client, origin, tool),
    };
    callers.set(client, known);
    return known;
  };

  const strangers = new Map<string, Client>();
  const strangerIn = (network: string): Client => {
    const known = strangers.get(network) ?? { ...anybody, id: network };
    if (strangers.size >= keptStrangers) strangers.clear();
    strangers.set(network, known);
    return known;
  };

  const isExpired = ({ expiresAt }: Client): boolean => expiresAt !== undefined && expiresAt <= clock();
  const isCurrent = (client: Client): boolean =>
    client.scopePrefix === undefined ? keys.isCurrent(client) : oauth?.tokens.isCurrent(client) === true;
  const isValid = ({ client, isAuthenticated }: Caller): boolean =>
    isAuthenticated && isCurrent(client) && !isExpired(client);

  const refuse = (origin: Origin, refusal: ServerError): ServerError => {
    security("authentication_failure", securityDetails(origin));
    return limits.failed(origin) ?? refusal;
  };
  // Clients begin without a token, and show one until they hear that it has expired: that is no failure, and is answered always.
  const holderOf = (token: string | undefined, { tokens, required }: ProtectedResource, origin: Origin) => {
    if (token === undefined) throw required(needed(auth.takesKeys));
    const known = tokens.remembered(token);
    if (known !== undefined) return callerOf(known);
    return tokens.verify(token).then(callerOf, (error) => {
      if (!(error instanceof TokenRefusal)) throw error;
      const refusal = required(error.message, "invalid_token");
      throw error.isExpired ? refusal : refuse(origin, refusal);
    });
  };

  return {
    authenticate(credentials, origin, before) {
      if (before !== undefined && isValid(before)) return before;
      if (!auth.enabled) return callerOf(strangerIn(networkOf(origin.address)));
      const { shown, isBearer } = shownIn(credentials, auth.takesKeys);
      const client = shown === undefined ? undefined : keys.find(shown);
      const expired = client !== undefined && isExpired(client);
      if (client !== undefined && !expired) return callerOf(client);
      if (oauth !== undefined && isBearer && !expired) return holderOf(shown, oauth, origin);
      throw refuse(origin, new ServerError("AUTHENTICATION_ERROR", { reason: refusal(shown, expired) }));
    },
  };
}

const needed = (takesKeys: boolean): string =>
  takesKeys ? "An API key or an access token is required." : "An access token is required.";

function refusal(presented: string | undefined, expired: boolean): string {
  if (presented === undefined) return "An API key is required.";
  return expired ? "The API key has expired." : "The API key is not valid.";
}

/** The key or token that is shown, and whether it stands where tokens do. */
function shownIn(
  { apiKey, authorization }: Credentials,
  takesKeys: boolean,
): { readonly shown: string | undefined; readonly isBearer: boolean } {
  if (takesKeys && apiKey !== undefined && apiKey !== "") return { shown: apiKey, isBearer: false };
  return { shown: /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1], isBearer: true };
}
