import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServerError } from "../../contract/errors.ts";
import { routes } from "../../contract/routes.ts";
import { securityDetails } from "../access/access.ts";
import { type WebAccess, webAccessAllowed } from "../listening/web-access.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import { originOf } from "./authentication.ts";

/** What a page may read of an answer beside its body. */
const exposed = [
  "Mcp-Session-Id",
  "WWW-Authenticate",
  "Retry-After",
  "X-Request-Id",
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "X-RateLimit-Window",
  "X-RateLimit-Global-Limit",
  "X-RateLimit-Global-Remaining",
  "X-RateLimit-Global-Reset",
  "X-RateLimit-Tool-Limit",
  "X-RateLimit-Tool-Remaining",
  "X-RateLimit-Tool-Reset",
].join(", ");

/**
 * Refuses requests of foreign web pages on every path, before anything else is told to them, and lets pages of allowed
 * origins read the answers (Fetch Standard, CORS protocol). A preflight carries no key and is answered without one.
 */
export function webPages(app: FastifyInstance, access: WebAccess, security: SecurityLog): void {
  app.addHook("onRequest", (request, reply, done) => {
    const { headers, socket, forwarded } = request;
    const asked = {
      origin: headers.origin,
      host: headers.host,
      scheme: forwarded.scheme,
      localAddress: socket.localAddress,
    };
    if (!isProbe(request) && !webAccessAllowed(asked, access)) {
      security("authorization_failure", { ...securityDetails(originOf(request)), reason: "foreign origin or host" });
      throw new ServerError("FORBIDDEN_ORIGIN");
    }
    allowReading(request, reply, access);
    if (!request.is404 && isPreflight(request, access)) answerPreflight(request, reply);
    else done();
  });
}

/** Load balancers look at /health by HTTP/1.0 without a Host; no browser leaves it out. */
function isProbe({ headers, routeOptions }: FastifyRequest): boolean {
  return routeOptions.url === routes.health && headers.host === undefined && headers.origin === undefined;
}

function allowReading({ headers }: FastifyRequest, reply: FastifyReply, { allowedOrigins }: WebAccess): void {
  if (allowedOrigins.length === 0) return;
  // Caches must not give one origin's answer to another.
  reply.header("vary", "Origin");
  if (headers.origin === undefined || !allowedOrigins.includes(headers.origin.toLowerCase())) return;
  reply.header("access-control-allow-origin", headers.origin).header("access-control-expose-headers", exposed);
}

function isPreflight({ method, headers }: FastifyRequest, { allowedOrigins }: WebAccess): boolean {
  if (method !== "OPTIONS" || headers["access-control-request-method"] === undefined) return false;
  return allowedOrigins.includes(headers.origin?.toLowerCase() ?? "");
}

/** Whatever headers a page of an allowed origin asks for it may send: the origin is trusted, and the key decides. */
function answerPreflight({ headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const asked = headers["access-control-request-headers"];
  if (asked !== undefined && /^[\w\-, ]{1,1000}$/.test(asked)) reply.header("access-control-allow-headers", asked);
  // Pages of the internet may reach a server on this machine only if it says so.
  if (headers["access-control-request-private-network"] === "true") {
    reply.header("access-control-allow-private-network", "true");
  }
  return reply
    .header("access-control-allow-methods", "GET, POST, DELETE")
    .header("access-control-max-age", "600")
    .code(204)
    .send();
}
