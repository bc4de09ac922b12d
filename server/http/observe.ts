import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ServerMetrics } from "../telemetry/metrics.ts";

/** Counts and logs every answer. The label is the route's pattern, because paths are chosen by whoever asks. */
export function observe(app: FastifyInstance, metrics: ServerMetrics): void {
  app.addHook("onResponse", async (request, reply) => {
    const method = request.method;
    const route = routeOf(request);
    metrics.requests.inc({ method, route, status: String(reply.statusCode) });
    metrics.requestDuration.observe({ method, route }, reply.elapsedTime / 1000);
    request.log[isProbe(route) ? "debug" : "info"](entry(request, reply, route), "request");
  });
}

export function routeOf({ routeOptions }: FastifyRequest): string {
  return routeOptions.url ?? "unmatched";
}

const isProbe = (route: string): boolean => route.startsWith("/health");

function entry(request: FastifyRequest, reply: FastifyReply, route: string) {
  return {
    method: request.method,
    route,
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    client: request.client?.name,
    client_ip: request.ip,
  };
}
