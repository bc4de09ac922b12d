import type { FastifyInstance } from "fastify";
import { routes } from "../../../contract/routes.ts";
import type { Backups } from "./backups.ts";

/** The signed route by which a backup reads what has to be kept. */
export function backupRoutes(app: FastifyInstance, backups: Pick<Backups, "snapshot">): void {
  // A request for the head alone would freeze the file for an answer that nobody reads.
  app.get(routes.backup, { config: { signed: true }, exposeHeadRoute: false }, async (_request, reply) => {
    reply.header("content-type", "application/x-tar");
    return reply.send(await backups.snapshot());
  });
}
