import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import { apiKeyHeader } from "../../contract/api-key.ts";
import { ServerError } from "../../contract/errors.ts";
import { routes } from "../../contract/routes.ts";
import type { Access, Caller, Credentials, Origin } from "../access/access.ts";
import type { Charge } from "../access/limits.ts";
import type { Connections } from "../listening/connections.ts";
import type { Transport } from "../telemetry/audit-record.ts";
import { traceOf } from "../telemetry/trace.ts";
import { clientAddress } from "./client-address.ts";
import { isUpgrade } from "./upgrades.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who calls; null on routes that anybody may call. */
    caller: Caller | null;
    /** Where it came from, once somebody has asked. */
    origin: Origin | null;
  }
}

export type Authentication = {
  /**
   * Finds out who calls, from the headers alone: at once, but for an access token that is new here. Throws, or rejects with, what
   * `Access.authenticate` does.
   */
  identify(request: FastifyRequest): Caller | Promise<Caller>;
  /** Counts a call of the caller and tells the client how many are left; the error when it is over its limit. */
  count(caller: Caller, request: FastifyRequest, reply: FastifyReply): ServerError | undefined;
};

/** Right credentials, as a connection showed them last. */
type Shown = Credentials & { readonly caller: Caller };

const keyHeader = apiKeyHeader.toLowerCase();

/** Access for HTTP: credentials come in headers, and so does what is left of the limit. */
export function createAuthentication(access: Access, connections: Connections): Authentication {
  const lastShown = new WeakMap<Socket, Shown>();
  return {
    identify(request) {
      const { [keyHeader]: key, authorization } = request.headers;
      const apiKey = typeof key === "string" ? key : undefined;
      const last = lastShown.get(request.socket);
      const isSame = last !== undefined && last.apiKey === apiKey && last.authorization === authorization;
      const found = access.authenticate({ apiKey, authorization }, originOf(request), isSame ? last.caller : undefined);
      const know = (caller: Caller): Caller => {
        if (last?.caller !== caller || !isSame) {
          lastShown.set(request.socket, { apiKey, authorization, caller });
          if (caller.isAuthenticated) connections.trust(request.socket);
        }
        request.caller = caller;
        return caller;
      };
      return found instanceof Promise ? found.then(know) : know(found);
    },
    count(caller, request, reply) {
      const charge = caller.charge(originOf(request));
      if (charge === undefined) return undefined;
      reply.headers(rateHeaders(charge));
      return charge.refusal;
    },
  };
}

/** Goes on with the caller of a request: at once with one that is known, so that the way of keys waits for nothing. */
export function whenKnown(
  { socket }: FastifyRequest,
  found: Caller | Promise<Caller>,
  goOn: (caller: Caller) => void,
  fail: (error: Error) => void,
): void {
  if (!(found instanceof Promise)) {
    goOn(found);
    return;
  }
  // Whoever has hung up meanwhile would never give back what is taken for the answer.
  found.then((caller) => (socket.destroyed ? undefined : goOn(caller))).catch(fail);
}

/** The caller that was identified. A route without authentication has none: that is refused, not waved through. */
export function callerOf({ caller }: FastifyRequest): Caller {
  if (caller === null) throw new ServerError("AUTHENTICATION_ERROR", { reason: "An API key is required." });
  return caller;
}

/** Where a request came from. */
export function originOf(request: FastifyRequest): Origin {
  request.origin ??= {
    address: clientAddress(request),
    requestId: request.id,
    transport: transportOf(request),
    trace: traceOf(request.headers.traceparent),
  };
  return request.origin;
}

function transportOf({ routeOptions, raw }: FastifyRequest): Transport {
  if (routeOptions.url !== routes.mcp) return "rest";
  return isUpgrade(raw) ? "websocket" : "http";
}

/** What is left of the limit of a tool. */
export function toolRateHeaders({ limit, remaining, resetAt }: Charge) {
  return {
    "x-ratelimit-tool-limit": String(limit),
    "x-ratelimit-tool-remaining": String(remaining),
    "x-ratelimit-tool-reset": String(Math.ceil(resetAt / 1000)),
  };
}

function rateHeaders({ limit, remaining, resetAt, windowMs, shared }: Charge) {
  return {
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-reset": String(Math.ceil(resetAt / 1000)),
    "x-ratelimit-window": String(Math.ceil(windowMs / 1000)),
    ...(shared && {
      "x-ratelimit-global-limit": String(shared.limit),
      "x-ratelimit-global-remaining": String(shared.remaining),
      "x-ratelimit-global-reset": String(Math.ceil(shared.resetAt / 1000)),
    }),
  };
}
