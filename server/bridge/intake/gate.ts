import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { hashOf, verify } from "../../../contract/signature.ts";
import type { SigningSecrets } from "../../../contract/signing-secrets.ts";
import { type Connections, plainAddress } from "../../listening/connections.ts";
import { holdBodies } from "../../listening/expectations.ts";
import type { Audit } from "../../telemetry/audit.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { securityLines } from "../../telemetry/security-log.ts";
import type { WebhookReceiver } from "../receiving/receiver.ts";
import { SECRET_HEADER } from "../receiving/webhook.ts";
import type { SignatureFailure } from "../status/metrics.ts";
import { sendError } from "./error-reply.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Only callers that know the secret may use the route. */
    readonly signed?: boolean;
    /** Only Telegram may, which shows the secret of its webhook. */
    readonly telegram?: boolean;
  }
  interface FastifyRequest {
    /** What the body must hash to, proven by the signature; "" on routes without one. */
    contentHash: string;
  }
}

export type GateOptions = {
  readonly secrets: SigningSecrets;
  /** Wall clock, milliseconds: signatures carry a time that the sender's clock knows. */
  readonly clock: () => number;
  readonly logger: Logger;
  readonly audit: Pick<Audit, "record">;
  readonly onSignatureFailure: (reason: SignatureFailure) => void;
  /** Absent: there is no webhook. */
  readonly webhook?: Pick<WebhookReceiver, "isTelegram"> | undefined;
};

/**
 * Judges every request by its headers alone, before a byte of its body is read: a caller that has not proved that it
 * knows the secret costs no memory. Unknown paths and methods end here, too: their handler would read the body first.
 */
export function installGate(app: FastifyInstance, connections: Connections, options: GateOptions): void {
  const { logger, audit, onSignatureFailure } = options;
  const log = securityLines(logger, audit);
  holdBodies(app.server);
  app.decorateRequest("contentHash", "");

  const refuse = (request: FastifyRequest, reply: FastifyReply, reason: SignatureFailure) => {
    // Counted apart: the webhook may be public, where anybody asks for anything.
    onSignatureFailure(request.routeOptions.config.telegram === true ? "webhook" : reason);
    log("signature_failure", { client_ip: plainAddress(request.ip), reason, request_id: request.id });
    return sendError(request, reply, "AUTHENTICATION_ERROR", { told: { reason } });
  };

  app.addHook("onRequest", async (request, reply) => {
    // What is not read would be taken for the next request.
    if (declaresBody(request)) reply.header("connection", "close");
    if (request.is404) return sendError(request, reply, "NOT_FOUND");
    const verdict = judge(request, options);
    if (verdict === undefined) return;
    if ("refused" in verdict) return refuse(request, reply, verdict.refused);
    request.contentHash = verdict.contentHash;
    connections.trust(request.raw.socket);
    reply.removeHeader("connection");
    if (request.headers.expect?.toLowerCase() === "100-continue") reply.raw.writeContinue();
  });

  app.addHook("preHandler", async (request, reply) => {
    if (request.contentHash === "") return;
    const body = Buffer.isBuffer(request.body) ? request.body : "";
    if (hashOf(body) !== request.contentHash) return refuse(request, reply, "body");
  });
}

/** Whether the caller is who may call the route; undefined for a route that is open to all. */
function judge(
  { method, raw, headers, routeOptions }: FastifyRequest,
  { secrets, clock, webhook }: GateOptions,
): { readonly refused: SignatureFailure } | { readonly contentHash: string } | undefined {
  if (routeOptions.config.telegram === true) {
    const secret = headers[SECRET_HEADER];
    if (typeof secret !== "string") return { refused: "missing" };
    return webhook?.isTelegram(secret) === true ? { contentHash: "" } : { refused: "wrong" };
  }
  if (routeOptions.config.signed !== true) return undefined;
  const nowSeconds = Math.floor(clock() / 1000);
  return verify({ secrets: secrets.all, method, path: raw.url ?? "", headers, nowSeconds });
}

function declaresBody({ headers }: FastifyRequest): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
}
