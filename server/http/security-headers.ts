import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Lifecycle } from "./health-routes.ts";

/** Headers of every answer, by name. Of the guides' proxies these have the same or more; docs/server.md says why. */
export const securityHeaderValues = Object.freeze({
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // What it switched on in old browsers could be used to attack a page.
  "x-xss-protection": "0",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
});

const { "strict-transport-security": hsts, ...others } = securityHeaderValues;

/** Adds them to an answer, also to one that no hook sees. */
export function secure(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(others).header("x-request-id", request.id);
  // A browser would keep it for every port of the machine, and other programs there speak HTTP.
  if (!/^(?:[^:]*\.)?localhost(?::\d*)?$/i.test(request.headers.host ?? "")) {
    reply.header("strict-transport-security", hsts);
  }
}

/** Headers of every answer. While the server drains, keep-alive connections are told to go elsewhere. */
export function securityHeaders(app: FastifyInstance, lifecycle: Lifecycle): void {
  app.addHook("onRequest", (request, reply, done) => {
    secure(request, reply);
    done();
  });
  app.addHook("onSend", (_request, reply, payload, done) => {
    if (lifecycle.draining) reply.header("connection", "close");
    done(null, payload);
  });
}
