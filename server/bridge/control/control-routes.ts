import type { FastifyInstance } from "fastify";
import { controlRequestSchema, restartRequestSchema } from "../../../contract/control.ts";
import { routes } from "../../../contract/routes.ts";
import { checkedBody } from "../intake/checked-body.ts";
import type { Control } from "./control.ts";

/** The signed routes by which delivery is stopped and resumed, and the bridge restarted. */
export function controlRoutes(app: FastifyInstance, control: Control): void {
  const options = { config: { signed: true } };
  app.get(routes.control, options, async () => control.state());
  app.post(routes.pauseDelivery, options, ({ body }) => control.pause(checkedBody(controlRequestSchema, body).client));
  app.post(routes.resumeDelivery, options, ({ body }) =>
    control.resume(checkedBody(controlRequestSchema, body).client),
  );
  app.post(routes.restartBridge, options, async ({ body }, reply) => {
    const { client, instance } = checkedBody(restartRequestSchema, body);
    reply.header("connection", "close");
    return control.restart(client, instance);
  });
}
