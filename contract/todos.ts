import * as z from "zod";

export const todoStatuses = ["pending", "in_progress", "completed", "blocked"] as const;

const wellFormed = (maximum: number) =>
  z
    .string()
    .min(1)
    .max(maximum)
    .overwrite((value) => value.toWellFormed());

/** One item of the list that a client works through. */
const todoSchema = z.object({
  id: wellFormed(100).describe("Unique in its list"),
  content: wellFormed(1000).describe("What is to be done"),
  status: z.enum(todoStatuses),
});

export type Todo = Readonly<z.output<typeof todoSchema>>;

export const mostTodos = 100;

export const todoListSchema = z
  .array(todoSchema)
  // Not as a keyword of the schema: not every model's API takes it.
  .refine((todos) => todos.length <= mostTodos, `may have at most ${mostTodos} todos`);

export const sessionIdSchema = z
  .string()
  .max(100)
  .regex(/^[a-zA-Z0-9\-_]+$/, "may hold letters, digits, - and _ only");

/** Of the body of a registration: a hundred todos of the longest kind, as JSON writes them. */
export const registrationBodyLimit = 1024 * 1024;

/** The body of the bridge's `POST /todos`: the list takes the place of the session's former one; an empty one ends it. */
export const registrationSchema = z.object({
  client: z.string().min(1),
  session_id: sessionIdSchema,
  todos: todoListSchema.readonly(),
});

export type Registration = Readonly<z.output<typeof registrationSchema>>;

/** The body of the bridge's answer to `POST /todos`. */
export const registeredSchema = z.object({ registered_count: z.int().min(0) });

/** The query of the bridge's `GET /todos`. */
export const todoQuerySchema = z.object({ client: z.string().min(1) });

/** The list that a client registered last for a session. */
const todoSessionSchema = z.object({
  client: z.string(),
  session_id: z.string(),
  registered_at: z.string().describe("RFC 3339"),
  todos: z.array(todoSchema).readonly(),
});

export type TodoSession = Readonly<z.output<typeof todoSessionSchema>>;

/** The body of the bridge's `GET /todos`, the session that registered last first. */
export const todoSessionsSchema = z.object({ sessions: z.array(todoSessionSchema).readonly() });

/**
 * The path and query under which the bridge tells what a client registered.
 *
 * @example
 * ```ts
 * todosPath("ci & cd"); // => /todos?client=ci+%26+cd
 * ```
 */
export function todosPath(client: string): string {
  return `/todos?${new URLSearchParams({ client: client.toWellFormed() })}`;
}
