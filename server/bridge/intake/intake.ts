import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import * as z from "zod";
import { withoutRecipients } from "../../../contract/bridge-status.ts";
import type { ErrorDetails } from "../../../contract/error-catalogue.ts";
import { isBridgeCode, ServerError } from "../../../contract/errors.ts";
import { eventSchema } from "../../../contract/event.ts";
import { bodyLimit } from "../../../contract/limits.ts";
import { clearQuerySchema, responseQuerySchema } from "../../../contract/responses.ts";
import { routes } from "../../../contract/routes.ts";
import { boundConnections, requestTimes } from "../../listening/connections.ts";
import { bindable } from "../../listening/unspecified-address.ts";
import { approvalRoutes } from "../approvals/approval-routes.ts";
import { attentionRoutes } from "../attention/attention-routes.ts";
import type { Bridge } from "../bridge.ts";
import { controlRoutes } from "../control/control-routes.ts";
import type { WebhookReceiver } from "../receiving/receiver.ts";
import { RefusedError } from "../refused-error.ts";
import { relayRoutes } from "../relay/relay-routes.ts";
import { todoRoutes } from "../tasks/todo-routes.ts";
import { checked, checkedBody, jsonOf } from "./checked-body.ts";
import { sendError } from "./error-reply.ts";
import { type GateOptions, installGate } from "./gate.ts";

/** Twenty servers keep 64 connections each, and one more for their polls. */
const CONNECTIONS = { total: 2_048, answerTimeoutMs: 20_000 } as const;

/** 128 UTF-16 units, each of at most three bytes in UTF-8, as a URL writes them. */
const LONGEST_ID = 128 * 9;

/** Whose event is asked for; without it anybody's. */
const ownerSchema = z.object({ client: z.string().exactOptional() });

export type IntakeOptions = GateOptions & {
  readonly webhook: WebhookReceiver | undefined;
  readonly host: string;
  readonly port: number;
  readonly bridge: Omit<Bridge, "url" | "close">;
};

/** The bridge's HTTP API. Resolves when it listens; `url` has the port that was really taken. */
export async function startIntake(options: IntakeOptions): Promise<{ url: string; close(): Promise<void> }> {
  const app = fastify({
    bodyLimit,
    forceCloseConnections: "idle",
    http: requestTimes,
    requestTimeout: requestTimes.requestTimeout,
    routerOptions: { maxParamLength: LONGEST_ID },
    frameworkErrors: (_error, request, reply) => {
      reply.header("connection", "close");
      sendError(request, reply, "NOT_FOUND");
    },
  });
  installGate(app, boundConnections(app.server, CONNECTIONS), options);
  app.removeAllContentTypeParsers();
  // The signature covers the bytes as they came, so nothing may parse them before they are compared.
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error: FastifyError, request, reply) => refuse(options, error, request, reply));
  signedRoutes(app, options);
  approvalRoutes(app, options.bridge.approvals);
  relayRoutes(app, options.bridge.relay);
  controlRoutes(app, options.bridge.control);
  attentionRoutes(app, options.bridge.attention);
  todoRoutes(app, options.bridge.todos);
  if (options.webhook !== undefined) webhookRoute(app, options.webhook);
  healthRoutes(app, options);
  const url = await app.listen({ host: await bindable(options.host), port: options.port });
  return { url, close: () => app.close() };
}

function signedRoutes(app: FastifyInstance, { bridge }: IntakeOptions): void {
  app.post(routes.events, { config: { signed: true } }, async (request, reply) => {
    return reply.code(202).send(await bridge.accept(checkedBody(eventSchema, request.body)));
  });
  app.get<{ Params: { id: string } }>(routes.event, { config: { signed: true } }, async ({ params, query }) => {
    return bridge.eventStatus(params.id, checked(ownerSchema, query).client);
  });
  app.get(routes.responses, { config: { signed: true } }, async ({ query }) => {
    const { since, ...asked } = checked(responseQuerySchema, query);
    const wanted = { ...asked, since: since === undefined ? 0 : Date.parse(since) };
    return { responses: bridge.responses(wanted), total: bridge.countResponses(wanted) };
  });
  app.delete(routes.responses, { config: { signed: true } }, async ({ query }) => {
    const { client, until, unclaimed } = checked(clearQuerySchema, query);
    const clearing = { client, until: Date.parse(until), unclaimed: unclaimed === "true" };
    return { deleted: await bridge.clearResponses(clearing) };
  });
  app.get(routes.status, { config: { signed: true } }, async () => bridge.status());
}

/** Telegram repeats a call until it is answered with 200, so that happens only when the effect is on disk. */
function webhookRoute(app: FastifyInstance, webhook: WebhookReceiver): void {
  app.post(routes.telegramUpdates, { config: { telegram: true } }, async ({ body }) => {
    await webhook.called(jsonOf(body));
    return {};
  });
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
  if (error instanceof ServerError && isBridgeCode(error.code)) {
    return sendError(request, reply, error.code, { told: error.details, shown: beside(error.details) });
  }
  const status = error.statusCode ?? 500;
  if (status === 413) {
    const limit = `${(request.routeOptions.bodyLimit ?? bodyLimit) / 1024} KiB`;
    return sendError(request, reply, "PAYLOAD_TOO_LARGE", { told: { limit } });
  }
  if (status < 500) return sendError(request, reply, "VALIDATION_ERROR", { told: { problems: error.message } });
  logger.error({ reason: error.message, request_id: request.id }, "request failed");
  return sendError(request, reply, "INTERNAL_ERROR");
}

/** What of an error's details a program may want to read. */
function beside({ fields, reason }: ErrorDetails): ErrorDetails {
  return { ...(fields !== undefined && { fields }), ...(reason !== undefined && { reason }) };
}
