import * as z from "zod";
import { mostTodos, sessionIdSchema, todoListSchema } from "../../contract/todos.ts";
import { defineTool } from "./tool.ts";

export const registerClaudeTodos = defineTool({
  name: "register_claude_todos",
  title: "Register todos",
  description:
    "Keep the todos of a session, so that get_task_status, todo and the bot's commands /tasks and /todo show them. They take the place of the session's former ones; an empty list ends the session.",
  permission: "register_claude_todos",
  rest: ["POST"],
  cost: 1,
  input: z.object({
    todos: todoListSchema.describe(`The whole list, at most ${mostTodos}`),
    session_id: sessionIdSchema.default("default").describe("Which of the client's lists it is"),
  }),
  output: z.object({
    success: z.boolean(),
    message: z.string(),
    registered_count: z.number(),
    session_id: z.string(),
  }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  async handler({ todos, session_id }, { bridge, client }) {
    const registered_count = await bridge.todos.register({ client: client.name, session_id, todos });
    const message = `Successfully registered ${registered_count} todos for session ${session_id}`;
    return { success: true, message, registered_count, session_id };
  },
});
