import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ServerMetrics } from "../telemetry/metrics.ts";
import { originOf } from "./authentication.ts";
import { shownPath } from "./not-found.ts";

// Strangers choose among some thirty, and each would make series of its own.
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * Counts and logs every answer. The label is the route's pattern, because callers choose the paths. What a stranger
 * was refused is logged at debug only, so that strangers cannot fill the log.
 */
export function observe(app: FastifyInstance, metrics: ServerMetrics): void {
  app.addHook("onResponse", (request, reply, done) => {
    const method = methods.has(request.method) ? request.method : "other";
    const route = routeOf(request);
    metrics.requests.inc({ method, route, status: String(reply.statusCode) });
    metrics.answered();
    metrics.requestDuration.observe({ method, route }, reply.elapsedTime / 1000);
    request.log[request.caller === null ? "debug" : "info"](entry(request, reply, route), "request");
    done();
  });
}

function routeOf({ routeOptions }: FastifyRequest): string {
  return routeOptions.url ?? "unmatched";
}

function entry(request: FastifyRequest, reply: FastifyReply, route: string) {
  return {
    method: request.method,
    route,
    // Who bans by the log looks for this word anywhere in a line.
    ...(request.is404 && { path: shownPath(request).replaceAll("SECURITY", "security") }),
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    client: request.caller?.client.name,
    client_ip: originOf(request).address,
  };
}
