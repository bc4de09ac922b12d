import type { FastifyInstance } from "fastify";
import { routes } from "../../../contract/routes.ts";
import { registrationBodyLimit, registrationSchema, todoQuerySchema } from "../../../contract/todos.ts";
import { checked, checkedBody } from "../intake/checked-body.ts";
import type { Todos } from "./todos.ts";

/** The signed routes by which server pods keep what clients register. */
export function todoRoutes(app: FastifyInstance, todos: Pick<Todos, "register" | "sessionsOf">): void {
  const config = { signed: true };
  app.post(routes.todos, { config, bodyLimit: registrationBodyLimit }, async ({ body }) => ({
    registered_count: await todos.register(checkedBody(registrationSchema, body)),
  }));
  app.get(routes.todos, { config }, async ({ query }) => ({
    sessions: todos.sessionsOf(checked(todoQuerySchema, query).client),
  }));
}
