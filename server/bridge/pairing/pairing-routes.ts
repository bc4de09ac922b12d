import type { FastifyInstance } from "fastify";
import { routes } from "../../../contract/routes.ts";
import { pairSchema } from "../../../contract/sessions.ts";
import { checkedBody } from "../intake/checked-body.ts";
import type { Pairings } from "./pairings.ts";

/** The signed route by which a client of an administrator confirms the code of somebody new. */
export function pairingRoutes(app: FastifyInstance, pairings: Pick<Pairings, "pair">): void {
  app.post(routes.pair, { config: { signed: true } }, ({ body }) => pairings.pair(checkedBody(pairSchema, body)));
}
