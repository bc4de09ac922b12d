import type { FastifyReply, FastifyRequest } from "fastify";
import { type BridgeErrorCode, type ErrorDetails, errors } from "../../../contract/error-catalogue.ts";
import { type BridgeErrorBody, bridgeMessage } from "../../../contract/errors.ts";

type Details = {
  /** What the message says. */
  readonly told?: ErrorDetails;
  /** What stands in the body beside the message. */
  readonly shown?: ErrorDetails;
};

/** Sends an error of the catalogue in the form of the bridge's HTTP API. */
export function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  code: BridgeErrorCode,
  { told, shown }: Details = {},
): FastifyReply {
  const body: BridgeErrorBody = {
    error: true,
    code,
    message: bridgeMessage(code, told),
    ...shown,
    request_id: request.id,
  };
  return reply.code(errors[code].httpStatus).send(body);
}
