import { ServerError } from "../../contract/errors.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import { networkOf } from "./address.ts";
import type { Bans } from "./bans.ts";
import type { Client } from "./client.ts";
import type { KeyStore } from "./key-store.ts";
import { type Origin, securityDetails } from "./origin.ts";
import { type Decision, type RateLimit, RateLimiter } from "./rate-limiter.ts";

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
};

/** How a call was counted; the error when it is over the limit, or the client is banned. */
export type Charge = Pick<Decision, "limit" | "remaining" | "resetAt"> & { readonly refusal?: ServerError };

export type AccessOptions = {
  readonly keys: KeyStore;
  readonly auth: { readonly enabled: boolean };
  readonly rateLimit: RateLimit & { readonly enabled: boolean };
  readonly bans: Bans;
  readonly security: SecurityLog;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
};

export type Access = {
  /** Milliseconds of a window of the rate limit. */
  readonly windowMs: number;
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
export function createAccess({ keys, auth, rateLimit, bans, security, clock }: AccessOptions): Access {
  const calls = new RateLimiter(rateLimit);
  // An address may be a proxy's or a whole office's: wrong keys are limited by it, right keys never are.
  const failures = new RateLimiter(rateLimit);

  const overLimit = (decision: Decision, type: "client" | "address", client: string, origin: Origin): ServerError => {
    const { limit, requests, resetAt } = decision;
    security("rate_limit_exceeded", { ...securityDetails(origin), client });
    return new ServerError("RATE_LIMIT_EXCEEDED", {
      limit,
      window: rateLimit.windowMs / 1000,
      current_requests: requests,
      retry_after: Math.max(1, Math.ceil((resetAt - clock()) / 1000)),
      reset_time: new Date(resetAt).toISOString(),
      limit_type: type,
    });
  };

  const banned = (refusal: ServerError, client: Client, origin: Origin): Charge => {
    security("rate_limit_exceeded", { ...securityDetails(origin), client: client.name });
    const resetAt = clock() + Number(refusal.details.retry_after) * 1000;
    return { limit: rateLimit.requests, remaining: 0, resetAt, refusal };
  };

  const charge = (client: Client, origin: Origin, cost: number): Charge | undefined => {
    if (!rateLimit.enabled) return undefined;
    const ban = bans.refusalOf(client, origin);
    if (ban !== undefined) return banned(ban, client, origin);
    const decision = calls.take(client.id, clock(), cost);
    if (decision.allowed) return decision;
    const refusal = overLimit(decision, "client", client.name, origin);
    bans.exceeded(client, origin);
    return { ...decision, refusal };
  };

  const callers = new WeakMap<Client, Caller>();
  const callerOf = (client: Client): Caller => {
    const known = callers.get(client) ?? {
      client,
      isAuthenticated: auth.enabled,
      charge: (origin, cost = 1) => charge(client, origin, cost),
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

  /** Counts a failure; the error when there were too many. */
  const limited = (origin: Origin): ServerError | undefined => {
    const ban = bans.refusalOfStranger(origin);
    if (ban !== undefined) return ban;
    bans.failed(origin);
    const decision = failures.take(networkOf(origin.address), clock());
    const isOver = rateLimit.enabled && !decision.allowed;
    return isOver ? overLimit(decision, "address", "unknown", origin) : undefined;
  };

  const isExpired = ({ expiresAt }: Client): boolean => expiresAt !== undefined && expiresAt <= clock();
  const isValid = ({ client, isAuthenticated }: Caller): boolean =>
    isAuthenticated && keys.isCurrent(client) && !isExpired(client);

  return {
    windowMs: rateLimit.windowMs,
    authenticate(credentials, origin, before) {
      if (before !== undefined && isValid(before)) return before;
      if (!auth.enabled) return callerOf(strangerIn(networkOf(origin.address)));
      const presented = presentedKey(credentials);
      const client = presented === undefined ? undefined : keys.find(presented);
      const expired = client !== undefined && isExpired(client);
      if (client !== undefined && !expired) return callerOf(client);
      security("authentication_failure", securityDetails(origin));
      throw limited(origin) ?? new ServerError("AUTHENTICATION_ERROR", { reason: refusal(presented, expired) });
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
