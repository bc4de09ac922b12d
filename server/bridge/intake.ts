import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { type Event, eventSchema } from "../event.ts";
import { bodyLimit, bodyLimitText } from "../limits.ts";
import { signatureHeader, timestampHeader, verify } from "../signature.ts";
import type { Logger } from "../telemetry/logger.ts";
import { type Accepted, type BridgeStatus, RefusedError } from "./contract.ts";

export type IntakeOptions = {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** Wall clock, milliseconds: signatures carry a time that the sender's clock knows. */
  readonly clock: () => number;
  readonly logger: Logger;
  readonly bridge: {
    accept(event: Event): Promise<Accepted>;
    status(): BridgeStatus;
    obstacles(): readonly string[];
    live(): boolean;
  };
};

/** The bridge's HTTP API. Resolves when it listens; `url` has the port that was really taken. */
export async function startIntake(options: IntakeOptions): Promise<{ url: string; close(): Promise<void> }> {
  const app = fastify({ bodyLimit, forceCloseConnections: "idle", requestTimeout: 30_000 });
  app.removeAllContentTypeParsers();
  // The signature covers the bytes as they came, so nothing may parse them before it is checked.
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error: FastifyError, request, reply) => refuse(options.logger, error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    answer(request, reply, 404, "NOT_FOUND", `There is nothing at ${request.url}.`),
  );
  signedRoutes(app, options);
  healthRoutes(app, options);
  const url = await app.listen({ host: options.host, port: options.port });
  return { url, close: () => app.close() };
}

function signedRoutes(app: FastifyInstance, { secret, clock, bridge }: IntakeOptions): void {
  const signed = async (request: FastifyRequest, reply: FastifyReply) => {
    const nowSeconds = Math.floor(clock() / 1000);
    const timestamp = header(request, timestampHeader);
    const signature = header(request, signatureHeader);
    if (secret !== "" && verify({ secret, timestamp, signature, body: bodyOf(request), nowSeconds })) return;
    await answer(request, reply, 401, "AUTHENTICATION_ERROR", "The signature is missing, wrong or too old.");
  };
  app.post("/events", { preHandler: signed }, async (request, reply) => {
    const event = eventSchema.safeParse(parse(bodyOf(request)));
    if (event.success) return reply.code(202).send(await bridge.accept(event.data));
    const fields = event.error.issues.map(({ path, message }) => ({ field: path.join(".") || "(body)", message }));
    const problems = fields.map(({ field, message }) => `${field}: ${message}`).join("; ");
    return answer(request, reply, 400, "VALIDATION_ERROR", `The event is not valid: ${problems}`, { fields });
  });
  app.get("/status", { preHandler: signed }, async () => bridge.status());
}

function healthRoutes(app: FastifyInstance, { bridge }: IntakeOptions): void {
  app.get("/health/live", async (_request, reply) => {
    const live = bridge.live();
    return reply.code(live ? 200 : 503).send({ status: live ? "alive" : "broken" });
  });
  app.get("/health/ready", async (_request, reply) => {
    const reasons = bridge.obstacles();
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
  });
  app.get("/health", async () => {
    const { health, version, uptime_seconds, queue, telegram } = bridge.status();
    return { status: health, version, uptime_seconds, queue, telegram, reasons: bridge.obstacles() };
  });
}

function refuse(logger: Logger, error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof RefusedError) {
    reply.header("retry-after", String(error.retryAfterSeconds));
    return answer(request, reply, 503, "BRIDGE_UNAVAILABLE", error.message, { reason: error.reason });
  }
  const status = error.statusCode ?? 500;
  if (status === 413) return answer(request, reply, 413, "PAYLOAD_TOO_LARGE", `An event may have ${bodyLimitText}.`);
  if (status < 500) return answer(request, reply, status, "VALIDATION_ERROR", error.message);
  logger.error({ reason: error.message, request_id: request.id }, "request failed");
  return answer(request, reply, 500, "INTERNAL_ERROR", "Something went wrong inside the bridge; see its log.");
}

function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  code: string,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): FastifyReply {
  return reply.code(status).send({ error: true, code, message, ...details, request_id: request.id });
}

function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** Undefined for what is not JSON: the schema then says that an object is missing. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}
