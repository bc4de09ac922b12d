import { ServerError } from "../../contract/errors.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import { networkOf } from "./address.ts";
import type { Client } from "./client.ts";
import type { KeyStore } from "./key-store.ts";
import { type Charge, type LimitedTool, Limits, type LimitsOptions } from "./limits.ts";
import { type Origin, securityDetails } from "./origin.ts";

export { type Origin, securityDetails } from "./origin.ts";

/** What a caller shows, as it stands in the headers of these names; the key may be in either. */
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
  readonly auth: { readonly enabled: boolean };
  readonly security: SecurityLog;
};

export type Access = {
  /**
   * Finds out who calls. `before` is who showed the same credentials last on the same connection: if they still count, the
   * key is not hashed again. Throws AUTHENTICATION_ERROR, or ADDRESS_BANNED or RATE_LIMIT_EXCEEDED for too many wrong keys
   * of a network.
   */
  authenticate(credentials: Credentials, origin: Origin, before?: Caller): Caller;
};

/** Networks that are remembered while authentication is off. */
const keptStrangers = 10_000;

const anybody: Omit<Client, "id"> = { name: "anonymous", permissions: new Set(["*"]) };

/** What stands in front of everything that needs a key, whichever transport it comes by. */
export function createAccess(options: AccessOptions): Access {
  const { keys, auth, security, clock } = options;
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
  const isValid = ({ client, isAuthenticated }: Caller): boolean =>
    isAuthenticated && keys.isCurrent(client) && !isExpired(client);

  return {
    authenticate(credentials, origin, before) {
      if (before !== undefined && isValid(before)) return before;
      if (!auth.enabled) return callerOf(strangerIn(networkOf(origin.address)));
      const presented = presentedKey(credentials);
      const client = presented === undefined ? undefined : keys.find(presented);
      const expired = client !== undefined && isExpired(client);
      if (client !== undefined && !expired) return callerOf(client);
      security("authentication_failure", securityDetails(origin));
      throw limits.failed(origin) ?? new ServerError("AUTHENTICATION_ERROR", { reason: refusal(presented, expired) });
    },
  };
}

function refusal(presented: string | undefined, expired: boolean): string {
  if (presented === undefined) return "An API key is required.";
  return expired ? "The API key has expired." : "The API key is not valid.";
}

function presentedKey({ apiKey, authorization }: Credentials): string | undefined {
  if (apiKey !== undefined && apiKey !== "") return apiKey;
  return /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
}
