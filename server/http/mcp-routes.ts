import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServerError, toServerError } from "../../contract/errors.ts";
import { routes } from "../../contract/routes.ts";
import { failureOf, isNotification } from "../mcp/failure.ts";
import { handleMessage } from "../mcp/message-handler.ts";
import { takesJson } from "./accept.ts";
import { auditedCall, type CallOptions } from "./audited-call.ts";
import { clientOf } from "./client.ts";
import type { Guard } from "./guard.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Why the first message is not answered; told once its id is known. */
    refusal: ServerError | undefined;
  }
}

export type McpRoutesOptions = CallOptions & {
  readonly guard: Guard;
  readonly version: string;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
};

type Answer = { readonly status: number; readonly body: string };

const nothing: Answer = { status: 202, body: "" };

// The only revision with batches; clients of it do not send the header, which came with the next one.
const batchingVersion = "2025-03-26";
const largestBatch = 20;

/**
 * POST /mcp: MCP over streamable HTTP. A client over its limit is refused after its message was read, because only then
 * the refusal can be an answer to it: at HTTP 429 clients end the session.
 */
export function mcpRoutes(app: FastifyInstance, options: McpRoutesOptions): void {
  const { guard } = options;
  app.addHook("onRequest", async (request, reply) => {
    guard.identify(request);
    request.refusal = guard.count(request, reply);
  });
  const acceptable = async ({ headers }: FastifyRequest): Promise<void> => {
    if (!takesJson(headers.accept)) throw new ServerError("NOT_ACCEPTABLE");
  };
  app.post(routes.mcp, { onRequest: acceptable }, async (request, reply) => {
    const { status, body } = Array.isArray(request.body)
      ? await answerBatch(request.body, request, reply, options)
      : await answerMessage(request.body, request.refusal, request, options);
    if (body !== "") reply.type("application/json");
    return reply.code(status).send(body === "" ? undefined : body);
  });
}

async function answerMessage(
  message: unknown,
  refusal: ServerError | undefined,
  request: FastifyRequest,
  options: McpRoutesOptions,
): Promise<Answer> {
  if (refusal !== undefined && isNotification(message)) return nothing;
  if (refusal !== undefined) throw refusal;
  const response = await handleMessage(
    { protocolVersion: versionOf(request), message },
    {
      version: options.version,
      list: () => options.tools.list(clientOf(request)),
      call: (tool, args) => auditedCall(request, { tool, args }, options),
    },
  );
  return { status: response.status, body: response.body === null ? "" : await response.text() };
}

/** Answers each message of a batch (MCP 2025-03-26); each counts as a call. */
async function answerBatch(
  messages: readonly unknown[],
  request: FastifyRequest,
  reply: FastifyReply,
  options: McpRoutesOptions,
): Promise<Answer> {
  const problem = batchProblem(messages, versionOf(request));
  if (problem !== undefined) throw new ServerError("INVALID_REQUEST", { reason: problem });
  const refusals = messages.map((_message, index) =>
    index === 0 ? request.refusal : options.guard.count(request, reply),
  );
  const answers = await Promise.all(
    messages.map((message, index) => answerInBatch(message, refusals[index], request, options)),
  );
  const bodies = answers.filter((body) => body !== "");
  return bodies.length === 0 ? nothing : { status: 200, body: `[${bodies.join(",")}]` };
}

function batchProblem(messages: readonly unknown[], version: string | undefined): string | undefined {
  if (version !== undefined && version !== batchingVersion) {
    return `MCP ${version.slice(0, 20)} has no batches; send one message a request`;
  }
  if (messages.length === 0) return "the batch is empty";
  return messages.length > largestBatch ? `a batch may have ${largestBatch} messages at most` : undefined;
}

async function answerInBatch(
  message: unknown,
  refusal: ServerError | undefined,
  request: FastifyRequest,
  options: McpRoutesOptions,
): Promise<string> {
  try {
    if ((Object(message) as { method?: unknown }).method === "initialize") {
      throw new ServerError("INVALID_REQUEST", { reason: "initialize must not be part of a batch" });
    }
    return (await answerMessage(message, refusal, request, options)).body;
  } catch (error) {
    const context = { requestId: request.id, now: options.clock() };
    return JSON.stringify(failureOf(toServerError(error), message, context));
  }
}

function versionOf({ headers }: FastifyRequest): string | undefined {
  const version = headers["mcp-protocol-version"];
  return typeof version === "string" ? version : undefined;
}
