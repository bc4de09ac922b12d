import type { FastifyInstance } from "fastify";
import { approvalOwnerSchema, approvalQuerySchema, approvalRequestSchema } from "../../../contract/approvals.ts";
import { routes } from "../../../contract/routes.ts";
import { checked, checkedBody } from "../intake/checked-body.ts";
import type { Approvals } from "./approvals.ts";

type ById = { Params: { id: string } };

/** The signed routes by which servers ask for approvals and how they are. */
export function approvalRoutes(app: FastifyInstance, approvals: Approvals): void {
  const signed = { config: { signed: true } };
  app.post(routes.approvals, signed, async (request, reply) => {
    return reply.code(202).send(await approvals.ask(checkedBody(approvalRequestSchema, request.body)));
  });
  app.get(routes.approvals, signed, async ({ query }) => ({
    approvals: approvals.list(checked(approvalQuerySchema, query)),
  }));
  app.get<ById>(routes.approval, signed, async ({ params, query }) => {
    return approvals.approval(params.id, checked(approvalOwnerSchema, query).client);
  });
  app.delete<ById>(routes.approval, signed, async ({ params, query }) => {
    return approvals.withdraw(params.id, checked(approvalOwnerSchema, query).client);
  });
}
