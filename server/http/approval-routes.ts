import type { FastifyInstance, FastifyRequest } from "fastify";
import * as z from "zod";
import { type Approval, approvalStates } from "../../contract/approvals.ts";
import { ServerError } from "../../contract/errors.ts";
import { routes } from "../../contract/routes.ts";
import { auditDetails, securityDetails } from "../access/access.ts";
import { readAllApprovals, readableBy } from "../access/approvals.ts";
import { type Client, lacking, permits } from "../access/client.ts";
import type { ApprovalCalls } from "../bridge-client/approvals.ts";
import type { Audit } from "../telemetry/audit.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import { sendApprovalRequest } from "../tools/send-approval-request.ts";
import { callerOf, originOf } from "./authentication.ts";

const LONGEST_WAIT_S = 60;
/** Proxies cut a connection on which nothing comes for a minute. */
const LONGEST_SILENCE_MS = 55_000;

const waitSchema = z.object({ wait: z.coerce.number().min(0).max(LONGEST_WAIT_S).default(0) });

const listSchema = z.object({
  state: z.enum(approvalStates).exactOptional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  all: z.enum(["true", "false"]).default("false"),
});

type ById = FastifyRequest<{ Params: { id: string } }>;

/**
 * GET /approvals lists what a client has asked for, and with `all=true` and the permission what anybody has; GET
 * /approvals/<id> tells how one is, after `wait` seconds at most when it is pending; DELETE takes it back.
 */
export function approvalRoutes(
  app: FastifyInstance,
  approvals: ApprovalCalls,
  security: SecurityLog,
  audit: Pick<Audit, "follow">,
): void {
  const clientOf = (request: FastifyRequest): Client => {
    const { client } = callerOf(request);
    if (permits(client, sendApprovalRequest.permission)) return client;
    throw refused(request, sendApprovalRequest.permission);
  };
  const refused = (request: FastifyRequest, permission: string): ServerError => {
    const { client } = callerOf(request);
    const tool = `${request.method} ${request.routeOptions.url ?? ""}`;
    security("authorization_failure", { ...securityDetails(originOf(request)), client: client.name, tool });
    return lacking(client, tool, permission);
  };
  const audited = <Result>(request: FastifyRequest, id: string | undefined, work: () => Promise<Result>) => {
    const { client } = callerOf(request);
    const decision = request.method === "DELETE" ? "approval_withdrawal" : "approval_read";
    const who = { client: client.name, client_id: client.id, ...auditDetails(originOf(request)) };
    return audit.follow({ decision, ...who }, work, { found: () => (id === undefined ? {} : { approval_id: id }) });
  };
  app.get(routes.approvals, (request) =>
    audited(request, undefined, async () => {
      const client = clientOf(request);
      const { all, ...query } = queried(listSchema, request.query);
      if (all === "true" && !permits(client, readAllApprovals)) throw refused(request, readAllApprovals);
      const owner = all === "true" ? {} : { client: client.name };
      return { approvals: await approvals.list({ ...query, ...owner }) };
    }),
  );
  app.get(routes.approval, (request: ById, reply): Promise<Approval> => {
    const { id } = request.params;
    return audited(request, id, async () => {
      const client = clientOf(request);
      const { wait } = queried(waitSchema, request.query);
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      return readableBy(client, async (owner) => {
        if (wait === 0) return approvals.approval(id, owner);
        return approvals.wait({
          id,
          client: owner,
          forMs: Math.min(wait * 1000, LONGEST_SILENCE_MS),
          signal: gone.signal,
        });
      });
    });
  });
  app.delete(routes.approval, (request: ById): Promise<Approval> => {
    const { id } = request.params;
    return audited(request, id, async () => approvals.withdraw(id, clientOf(request).name));
  });
}

function queried<T>(schema: z.ZodType<T>, query: unknown): T {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => ({ field: path.join("."), problem: message }));
  const problems = fields.map(({ field, problem }) => `${field}: ${problem}`).join("; ");
  throw new ServerError("VALIDATION_ERROR", { problems, fields });
}
