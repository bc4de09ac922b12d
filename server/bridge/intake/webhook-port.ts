import type { FastifyInstance } from "fastify";
import { listening } from "../../process/start-error.ts";
import type { WebhookReceiver } from "../receiving/receiver.ts";
import { jsonOf } from "./checked-body.ts";
import type { GateOptions } from "./gate.ts";
import { gatedApp } from "./gated-app.ts";

/** Telegram calls one at a time; the rest is for proxies that keep connections open. */
const CONNECTIONS = { total: 256, answerTimeoutMs: 20_000 } as const;

export type WebhookPortOptions = GateOptions & { readonly host: string; readonly webhook: WebhookReceiver | undefined };

/** The port that takes Telegram's calls and nothing else, if there shall be one. Rejects with a StartError. */
export async function startWebhookPort({
  host,
  webhook,
  ...options
}: WebhookPortOptions): Promise<{ readonly url: string; close(): Promise<void> } | undefined> {
  if (webhook?.own === undefined) return undefined;
  const { port, path } = webhook.own;
  const app = gatedApp({ ...options, webhook }, CONNECTIONS);
  webhookRoute(app, webhook, path);
  const where = { host, port, hostVariable: "BRIDGE_HOST", portVariable: "TELEGRAM_WEBHOOK_PORT" };
  const url = await listening(app.listen({ host, port }), where);
  return { url, close: () => app.close() };
}

/** Telegram repeats a call until it is answered with 200, so that happens only when the effect is on disk. */
export function webhookRoute(app: FastifyInstance, webhook: WebhookReceiver, path: string): void {
  app.post(path, { config: { telegram: true } }, async ({ body }) => {
    await webhook.called(jsonOf(body));
    return {};
  });
}
