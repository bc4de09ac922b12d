import * as z from "zod";
import { approvalSchema, approvalStates, approvalsSchema } from "../../../contract/approvals.ts";
import { routes } from "../../../contract/routes.ts";
import { failures, success } from "./answers.ts";

const schemaOf = (schema: z.ZodType) => {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema);
  return json;
};

const id = {
  name: "id",
  in: "path",
  required: true,
  description: "`approval_id` of the answer of send_approval_request",
  schema: { type: "string", maxLength: 128 },
};

const parameter = (name: string, description: string, schema: object) => ({ name, in: "query", description, schema });

const list = {
  operationId: "list_approvals",
  tags: ["approvals"],
  summary: "What the client has asked people to decide, newest first",
  description: "The key needs the permission `send_approval_request`; with `all=true` `read_all_approvals`, too.",
  parameters: [
    parameter("state", "Only those in this state", { type: "string", enum: [...approvalStates] }),
    parameter("limit", "How many", { type: "integer", minimum: 1, maximum: 100, default: 20 }),
    parameter("all", "Everybody's", { type: "boolean", default: false }),
  ],
  responses: {
    ...success("Approvals", schemaOf(approvalsSchema)),
    ...failures(400, 401, 403, 429, 500, 502, 503, 504),
  },
};

const read = {
  operationId: "read_approval",
  tags: ["approvals"],
  summary: "How an approval is, at once or when it is over",
  parameters: [
    id,
    parameter("wait", "Seconds to wait for its end; the answer comes after 55 s at the latest", {
      type: "number",
      minimum: 0,
      maximum: 60,
      default: 0,
    }),
  ],
  responses: {
    ...success("The approval", schemaOf(approvalSchema)),
    ...failures(400, 401, 403, 404, 429, 500, 502, 503, 504),
  },
};

const withdraw = {
  operationId: "withdraw_approval",
  tags: ["approvals"],
  summary: "Takes an approval back: nobody can decide it any more",
  parameters: [id],
  responses: {
    ...success("The approval as it is then, also when it was over before", schemaOf(approvalSchema)),
    ...failures(401, 403, 404, 429, 500, 502, 503, 504),
  },
};

export const approvalPaths = {
  [routes.approvals]: { get: list },
  [routes.approval.replace(":id", "{id}")]: { get: read, delete: withdraw },
};
