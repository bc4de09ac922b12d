import type { FastifyInstance, RouteHandlerMethod } from "fastify";
import * as z from "zod";
import { withoutRecipients } from "../../../contract/bridge-status.ts";
import { eventSchema } from "../../../contract/event.ts";
import { performanceReport } from "../../../contract/performance-report.ts";
import { clearQuerySchema, responseQuerySchema } from "../../../contract/responses.ts";
import { routes } from "../../../contract/routes.ts";
import { bindable } from "../../listening/unspecified-address.ts";
import { approvalRoutes } from "../approvals/approval-routes.ts";
import { attentionRoutes } from "../attention/attention-routes.ts";
import { backupRoutes } from "../backup/backup-routes.ts";
import type { Bridge } from "../bridge.ts";
import { controlRoutes } from "../control/control-routes.ts";
import { monitoringRoutes } from "../monitoring/monitoring-routes.ts";
import { pairingRoutes } from "../pairing/pairing-routes.ts";
import type { WebhookReceiver } from "../receiving/receiver.ts";
import { relayRoutes } from "../relay/relay-routes.ts";
import { sessionRoutes } from "../sessions/session-routes.ts";
import { todoRoutes } from "../tasks/todo-routes.ts";
import { checked, checkedBody } from "./checked-body.ts";
import type { GateOptions } from "./gate.ts";
import { gatedApp } from "./gated-app.ts";
import { startWebhookPort, webhookRoute } from "./webhook-port.ts";

/** Twenty servers keep 64 connections each, and one more for their polls. */
const CONNECTIONS = { total: 2_048, answerTimeoutMs: 20_000 } as const;

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
  const app = gatedApp(options, CONNECTIONS);
  app.addHook("onResponse", async (_request, { statusCode }) => options.bridge.monitoring.answered(statusCode));
  signedRoutes(app, options);
  approvalRoutes(app, options.bridge.approvals);
  relayRoutes(app, options.bridge.relay);
  controlRoutes(app, options.bridge.control);
  attentionRoutes(app, options.bridge.attention);
  sessionRoutes(app, options.bridge.channel);
  pairingRoutes(app, options.bridge.pairings);
  todoRoutes(app, options.bridge.todos);
  monitoringRoutes(app, options.bridge.monitoring);
  backupRoutes(app, options.bridge.backups);
  if (options.webhook !== undefined && options.webhook.own === undefined) {
    webhookRoute(app, options.webhook, routes.telegramUpdates);
  }
  healthRoutes(app, options);
  const host = await bindable(options.host);
  const url = await app.listen({ host, port: options.port });
  const webhookPort = await startWebhookPort({ ...options, host }).catch(async (error) => {
    await app.close();
    throw error;
  });
  return { url, close: async () => void (await Promise.all([app.close(), webhookPort?.close()])) };
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

function healthRoutes(app: FastifyInstance, { bridge, clock }: IntakeOptions): void {
  const get = (paths: readonly string[], handler: RouteHandlerMethod) => {
    for (const path of paths) app.get(path, handler);
  };
  get([routes.live, routes.upstreamLive], async (_request, reply) => {
    const live = bridge.live();
    return reply.code(live ? 200 : 503).send({ status: live ? "alive" : "broken" });
  });
  get([routes.ready, routes.upstreamReady], async (_request, reply) => {
    const reasons = bridge.obstacles();
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
  });
  get([routes.health, routes.detailedHealth], async () => {
    const status = withoutRecipients(bridge.status());
    const { health, metrics: _metrics, running: _running, last_event_time: _last, ...shown } = status;
    return { status: health, ...shown, reasons: bridge.obstacles() };
  });
  get([routes.report], async () => {
    return performanceReport(withoutRecipients(bridge.status()), new Date(clock()).toISOString());
  });
}
