import type { FastifyInstance } from "fastify";
import * as z from "zod";
import {
  deadLetterFates,
  deadLetterQuerySchema,
  deadLetterRequestSchema,
  deadLetterRoutes,
} from "../../../contract/dead-letters.ts";
import { historyQuerySchema, serverTellingSchema, tellingBodyLimit } from "../../../contract/monitoring-servers.ts";
import { routes } from "../../../contract/routes.ts";
import { checked, checkedBody } from "../intake/checked-body.ts";
import type { Monitoring } from "./monitoring.ts";

const ownerSchema = z.object({ client: z.string().exactOptional() });
const deadLetterSchema = z.object({ id: z.coerce.number().int().min(1) });

/** The signed routes by which servers tell of themselves and learn how the bridge is. */
export function monitoringRoutes(app: FastifyInstance, monitoring: Monitoring): void {
  const config = { signed: true };
  app.get(routes.bridgeMonitoring, { config }, async () => monitoring.state());
  app.get(routes.bridgeHistory, { config }, async ({ query }) =>
    monitoring.history(checked(historyQuerySchema, query).hours),
  );
  app.get<{ Params: { id: string } }>(routes.bridgeEventTrace, { config }, async ({ params, query }) =>
    monitoring.trace(params.id, checked(ownerSchema, query).client),
  );
  app.post(routes.serverTellings, { config, bodyLimit: tellingBodyLimit }, async ({ body }) => {
    monitoring.tell(checkedBody(serverTellingSchema, body));
    return { told: true };
  });
  app.get(routes.deadLetters, { config }, async ({ query }) =>
    monitoring.deadLetters(checked(deadLetterQuerySchema, query)),
  );
  for (const whose of ["any", "own"] as const)
    for (const fate of deadLetterFates) {
      app.post(deadLetterRoutes[whose][fate], { config }, async ({ params, body }) => {
        const { client } = checkedBody(deadLetterRequestSchema, body);
        return monitoring.settleDeadLetter(fate, checked(deadLetterSchema, params).id, { client, whose });
      });
    }
}
