import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Accepted } from "../../contract/accepted.ts";
import { type BridgeStatus, withoutRecipients } from "../../contract/bridge-status.ts";
import { type Event, eventSchema } from "../../contract/event.ts";
import { bodyLimit, bodyLimitText } from "../../contract/limits.ts";
import { routes } from "../../contract/routes.ts";
import { boundConnections, requestTimes } from "../listening/connections.ts";
import { bindable } from "../listening/unspecified-address.ts";
import { sendError } from "./error-reply.ts";
import { type GateOptions, installGate } from "./gate.ts";
import { RefusedError } from "./refused-error.ts";

/** Twenty servers keep 64 connections each. */
const CONNECTIONS = { total: 2_048, answerTimeoutMs: 20_000 } as const;

export type IntakeOptions = GateOptions & {
  readonly host: string;
  readonly port: number;
  readonly bridge: {
    accept(event: Event): Promise<Accepted>;
    status(): BridgeStatus;
    obstacles(): readonly string[];
    live(): boolean;
  };
};

/** The bridge's HTTP API. Resolves when it listens; `url` has the port that was really taken. */
export async function startIntake(options: IntakeOptions): Promise<{ url: string; close(): Promise<void> }> {
  const app = fastify({
    bodyLimit,
    forceCloseConnections: "idle",
    http: requestTimes,
    requestTimeout: requestTimes.requestTimeout,
  });
  installGate(app, boundConnections(app.server, CONNECTIONS), options);
  app.removeAllContentTypeParsers();
  // The signature covers the bytes as they came, so nothing may parse them before they are compared.
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error: FastifyError, request, reply) => refuse(options, error, request, reply));
  signedRoutes(app, options);
  healthRoutes(app, options);
  const url = await app.listen({ host: await bindable(options.host), port: options.port });
  return { url, close: () => app.close() };
}

function signedRoutes(app: FastifyInstance, { bridge }: IntakeOptions): void {
  app.post(routes.events, { config: { signed: true } }, async (request, reply) => {
    const event = eventSchema.safeParse(parse(request.body));
    if (event.success) return reply.code(202).send(await bridge.accept(event.data));
    const fields = event.error.issues.map(({ path, message }) => ({ field: path.join(".") || "(body)", message }));
    const problems = fields.map(({ field, message }) => `${field}: ${message}`).join("; ");
    return sendError(request, reply, "VALIDATION_ERROR", { told: { problems }, shown: { fields } });
  });
  app.get(routes.status, { config: { signed: true } }, async () => bridge.status());
}

function healthRoutes(app: FastifyInstance, { bridge }: IntakeOptions): void {
  app.get(routes.live, async (_request, reply) => {
    const live = bridge.live();
    return reply.code(live ? 200 : 503).send({ status: live ? "alive" : "broken" });
  });
  app.get(routes.ready, async (_request, reply) => {
    const reasons = bridge.obstacles();
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
  });
  app.get(routes.health, async () => {
    const status = withoutRecipients(bridge.status());
    const { health, metrics: _metrics, running: _running, last_event_time: _last, ...shown } = status;
    return { status: health, ...shown, reasons: bridge.obstacles() };
  });
}

function refuse({ logger }: IntakeOptions, error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  if (error instanceof RefusedError) {
    reply.header("retry-after", String(error.retryAfterSeconds));
    const { reason, code, message: problem } = error;
    return sendError(request, reply, code, { told: { problem }, shown: { reason } });
  }
  const status = error.statusCode ?? 500;
  if (status === 413) return sendError(request, reply, "PAYLOAD_TOO_LARGE", { told: { limit: bodyLimitText } });
  if (status < 500) return sendError(request, reply, "VALIDATION_ERROR", { told: { problems: error.message } });
  logger.error({ reason: error.message, request_id: request.id }, "request failed");
  return sendError(request, reply, "INTERNAL_ERROR");
}

/** Undefined for what is not JSON: the schema then says that an object is missing. */
function parse(body: unknown): unknown {
  try {
    return Buffer.isBuffer(body) ? JSON.parse(body.toString("utf8")) : undefined;
  } catch {
    return undefined;
  }
}
