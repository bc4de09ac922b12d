import type { FastifyInstance } from "fastify";
import type { Lifecycle } from "./health-routes.ts";

const headers = Object.freeze({
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
});

/** Headers of every answer. While the server drains, keep-alive connections are told to go elsewhere. */
export function securityHeaders(app: FastifyInstance, lifecycle: Lifecycle): void {
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(headers).header("x-request-id", request.id);
    done();
  });
  app.addHook("onSend", (_request, reply, payload, done) => {
    if (lifecycle.draining) reply.header("connection", "close");
    done(null, payload);
  });
}
