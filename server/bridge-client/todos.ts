import { routes } from "../../contract/routes.ts";
import {
  type Registration,
  registeredSchema,
  type TodoSession,
  todoSessionsSchema,
  todosPath,
} from "../../contract/todos.ts";
import type { BridgeCall } from "./bridge-calls.ts";

/** What clients register with the bridge. Its methods throw only errors of the catalogue. */
export type Todos = {
  /** Resolves with the number of todos when they are on disk. Doing it again is harmless. */
  register(registration: Registration): Promise<number>;
  /** Of one client, the session that registered last first. */
  sessionsOf(client: string): Promise<readonly TodoSession[]>;
};

type Call = <T>(request: BridgeCall<T>) => Promise<T>;

export function httpTodos(call: Call): Todos {
  return {
    async register(registration) {
      const body = JSON.stringify(registration);
      return (await call({ method: "POST", path: routes.todos, body, schema: registeredSchema })).registered_count;
    },
    async sessionsOf(client) {
      return (await call({ method: "GET", path: todosPath(client), body: "", schema: todoSessionsSchema })).sessions;
    },
  };
}

/** The part of a bridge in the same process that keeps them. */
export type LocalTodos = {
  register(registration: Registration): Promise<number>;
  sessionsOf(client: string): readonly TodoSession[];
};

type Refusing = <T>(ask: () => T | Promise<T>) => Promise<T>;

/** `refusing` turns refusals of the bridge into errors of the catalogue. */
export function localTodos(todos: () => LocalTodos, refusing: Refusing): Todos {
  return {
    register: (registration) => refusing(() => todos().register(registration)),
    sessionsOf: (client) => refusing(() => todos().sessionsOf(client)),
  };
}
