import type { FastifyInstance } from "fastify";
import { modeRequestSchema } from "../../../contract/attention.ts";
import { routes } from "../../../contract/routes.ts";
import { checkedBody } from "../intake/checked-body.ts";
import type { Attention } from "./attention.ts";

/** The signed route by which clients set people's modes. */
export function attentionRoutes(app: FastifyInstance, attention: Attention): void {
  app.post(routes.attentionMode, { config: { signed: true } }, ({ body }) =>
    attention.setModes(checkedBody(modeRequestSchema, body)),
  );
}
