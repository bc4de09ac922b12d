import type { Client } from "./client.ts";

/**
 * A write was not sent, because another process may lead by now.
 *
 * @example
 * ```ts
 * const error = new NotLeadingError();
 * logger.info({ err: error }, "left to the next leader");
 * ```
 */
export class NotLeadingError extends Error {
  override readonly name = "NotLeadingError";

  constructor() {
    super("not sent: this process has not renewed its lease in time, and another one may lead");
  }
}

/**
 * A client that sends no write while `mayWrite` says no: a process that was stopped for longer than its lease lasts finishes
 * nothing of what it had begun. Reads are not affected.
 *
 * @example
 * ```ts
 * const fenced = fencedClient(client, () => true);
 * await fenced.delete(deployments, "default", "one");
 * ```
 */
export function fencedClient(client: Client, mayWrite: () => boolean): Client {
  const guarded = async <T>(write: () => Promise<T>): Promise<T> => {
    if (!mayWrite()) throw new NotLeadingError();
    return write();
  };
  return {
    get: (path, query) => client.get(path, query),
    list: (path, query) => client.list(path, query),
    watch: (path, query, signal, accept) => client.watch(path, query, signal, accept),
    request: <T>(request: Parameters<Client["request"]>[0]) =>
      request.method === "GET" ? client.request<T>(request) : guarded(() => client.request<T>(request)),
    create: <T>(...args: Parameters<Client["create"]>) => guarded(() => client.create<T>(...args)),
    apply: <T>(...args: Parameters<Client["apply"]>) => guarded(() => client.apply<T>(...args)),
    delete: (...args) => guarded(() => client.delete(...args)),
  };
}
