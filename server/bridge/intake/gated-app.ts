import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { ErrorDetails } from "../../../contract/error-catalogue.ts";
import { isBridgeCode, ServerError } from "../../../contract/errors.ts";
import { bodyLimit } from "../../../contract/limits.ts";
import { boundConnections, type ConnectionLimits, requestTimes } from "../../listening/connections.ts";
import { RefusedError } from "../refused-error.ts";
import { sendError } from "./error-reply.ts";
import { type GateOptions, installGate } from "./gate.ts";

/** 128 UTF-16 units, each of at most three bytes in UTF-8, as a URL writes them. */
const LONGEST_ID = 128 * 9;

/** An application without routes, whose gate judges every request by its headers, and whose answers are of the catalogue. */
export function gatedApp(options: GateOptions, connections: ConnectionLimits): FastifyInstance {
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
  installGate(app, boundConnections(app.server, connections), options);
  app.removeAllContentTypeParsers();
  // The signature covers the bytes as they came, so nothing may parse them before they are compared.
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error: FastifyError, request, reply) => refuse(options, error, request, reply));
  return app;
}

function refuse({ logger }: GateOptions, error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
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
function beside(details: ErrorDetails): ErrorDetails {
  const told = ["fields", "reason", "name", "chat_id", "limit"].filter((detail) => details[detail] !== undefined);
  return Object.fromEntries(told.map((detail) => [detail, details[detail]]));
}
