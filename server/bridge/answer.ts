import type { FastifyReply, FastifyRequest } from "fastify";

/** Sends an error in the form of the bridge's HTTP API. */
export function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  code: string,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): FastifyReply {
  return reply.code(status).send({ error: true, code, message, ...details, request_id: request.id });
}
