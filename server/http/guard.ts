import type { FastifyReply, FastifyRequest } from "fastify";
import type { ServerConfig } from "../config.ts";
import { ServerError } from "../errors.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import type { Client } from "./api-keys.ts";
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
  /** Unix time in milliseconds. */
  readonly clock: () => number;
};

export type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

const anybody: Omit<Client, "id"> = { name: "anonymous", permissions: new Set(["*"]) };

/** The hook in front of everything that needs a key: who is it, and is it not too often? */
export function createGuard({ keys, auth, rateLimit, security, clock }: GuardOptions): Guard {
  const requests = new RateLimiter(rateLimit);
  // An address may be a proxy's or a whole office's: wrong keys are limited by it, right keys never are.
  const failures = new RateLimiter(rateLimit);

  const overLimit = (request: FastifyRequest, { limit, resetAt }: Decision, client: string): ServerError => {
    security("rate_limit_exceeded", { ...origin(request), client });
    return new ServerError("RATE_LIMIT_EXCEEDED", {
      limit,
      window: rateLimit.windowMs / 1000,
      retry_after: Math.max(1, Math.ceil((resetAt - clock()) / 1000)),
    });
  };

  const authenticate = (request: FastifyRequest): Client => {
    if (!auth.enabled) return { ...anybody, id: request.ip };
    const presented = presentedKey(request);
    const client = presented === undefined ? undefined : keys.find(presented);
    if (client !== undefined) return client;
    security("authentication_failure", origin(request));
    const decision = failures.take(request.ip, clock());
    if (rateLimit.enabled && !decision.allowed) throw overLimit(request, decision, "unknown");
    const reason = presented === undefined ? "An API key is required." : "The API key is not valid.";
    throw new ServerError("AUTHENTICATION_ERROR", { reason });
  };

  return async (request, reply) => {
    const client = authenticate(request);
    request.client = client;
    if (!rateLimit.enabled) return;
    const decision = requests.take(client.id, clock());
    reply.headers(rateHeaders(decision, rateLimit.windowMs));
    if (!decision.allowed) throw overLimit(request, decision, client.name);
  };
}

function presentedKey({ headers }: FastifyRequest): string | undefined {
  const key = headers["x-api-key"];
  if (typeof key === "string" && key !== "") return key;
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
}

/** Where a request came from, for the security log. */
export function origin({ ip, id }: FastifyRequest): { client_ip: string; request_id: string } {
  return { client_ip: ip, request_id: id };
}

function rateHeaders({ limit, remaining, resetAt }: Decision, windowMs: number) {
  return {
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-reset": String(Math.ceil(resetAt / 1000)),
    "x-ratelimit-window": String(Math.ceil(windowMs / 1000)),
  };
}
