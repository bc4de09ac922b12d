import type { FastifyReply, FastifyRequest } from "fastify";
import { apiKeyHeader } from "../../contract/api-key.ts";
import { ServerError } from "../../contract/errors.ts";
import type { ServerConfig } from "../config/config.ts";
import type { Connections } from "../listening/connections.ts";
import type { SecurityDetails, SecurityLog } from "../telemetry/security-log.ts";
import type { Client } from "../tools/client.ts";
import { clientAddress, networkOf } from "./client-address.ts";
import type { KeyStore } from "./key-store.ts";
import { type Decision, RateLimiter } from "./rate-limiter.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who calls; null on routes that anybody may call. */
    client: Client | null;
  }
}

export type GuardOptions = {
  readonly keys: KeyStore;
  readonly auth: ServerConfig["auth"];
  readonly rateLimit: ServerConfig["rateLimit"];
  readonly security: SecurityLog;
  readonly connections: Connections;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
};

export type Guard = {
  /** Finds out who calls, from the headers alone. Throws AUTHENTICATION_ERROR, or RATE_LIMIT_EXCEEDED for wrong keys. */
  identify(request: FastifyRequest): void;
  /** Counts a call of the client that was identified; the error when it is over its limit. */
  count(request: FastifyRequest, reply: FastifyReply): ServerError | undefined;
};

const keyHeader = apiKeyHeader.toLowerCase();

const anybody: Omit<Client, "id"> = { name: "anonymous", permissions: new Set(["*"]) };

/** What stands in front of everything that needs a key: who is it, and is it not too often? */
export function createGuard({ keys, auth, rateLimit, security, connections, clock }: GuardOptions): Guard {
  const requests = new RateLimiter(rateLimit);
  // An address may be a proxy's or a whole office's: wrong keys are limited by it, right keys never are.
  const failures = new RateLimiter(rateLimit);

  const overLimit = (request: FastifyRequest, { limit, resetAt }: Decision, client: string): ServerError => {
    security("rate_limit_exceeded", { ...securityDetails(request), client });
    return new ServerError("RATE_LIMIT_EXCEEDED", {
      limit,
      window: rateLimit.windowMs / 1000,
      retry_after: Math.max(1, Math.ceil((resetAt - clock()) / 1000)),
    });
  };

  const authenticate = (request: FastifyRequest): Client => {
    const network = networkOf(clientAddress(request));
    if (!auth.enabled) return { ...anybody, id: network };
    const presented = presentedKey(request);
    const client = presented === undefined ? undefined : keys.find(presented);
    const expired = client?.expiresAt !== undefined && client.expiresAt <= clock();
    if (client !== undefined && !expired) return client;
    security("authentication_failure", securityDetails(request));
    const decision = failures.take(network, clock());
    if (rateLimit.enabled && !decision.allowed) throw overLimit(request, decision, "unknown");
    throw new ServerError("AUTHENTICATION_ERROR", { reason: refusal(presented, expired) });
  };

  return {
    identify(request) {
      request.client = authenticate(request);
      if (auth.enabled) connections.trust(request.socket);
    },
    count(request, reply) {
      if (!rateLimit.enabled || request.client === null) return undefined;
      const decision = requests.take(request.client.id, clock());
      reply.headers(rateHeaders(decision, rateLimit.windowMs));
      return decision.allowed ? undefined : overLimit(request, decision, request.client.name);
    },
  };
}

function refusal(presented: string | undefined, expired: boolean): string {
  if (presented === undefined) return "An API key is required.";
  return expired ? "The API key has expired." : "The API key is not valid.";
}

function presentedKey({ headers }: FastifyRequest): string | undefined {
  const key = headers[keyHeader];
  if (typeof key === "string" && key !== "") return key;
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
}

/** Where a request came from, for the security log. */
export function securityDetails(request: FastifyRequest): SecurityDetails {
  return { client_ip: clientAddress(request), request_id: request.id };
}

function rateHeaders({ limit, remaining, resetAt }: Decision, windowMs: number) {
  return {
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-reset": String(Math.ceil(resetAt / 1000)),
    "x-ratelimit-window": String(Math.ceil(windowMs / 1000)),
  };
}
