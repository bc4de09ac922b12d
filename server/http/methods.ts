import type { FastifyInstance, FastifyRequest, HTTPMethods } from "fastify";
import { ServerError } from "../../contract/errors.ts";

const methods: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"];

/**
 * Adds routes, and answers 405 with Allow on the other methods of their paths (RFC 9110, 15.5.6), before a body is read:
 * what is wrong with it does not matter. A path that stands for several things may know better what each of them allows.
 */
export function withOtherMethods(
  app: FastifyInstance,
  addRoutes: () => void,
  allowedAt: (request: FastifyRequest) => string | undefined = () => undefined,
): void {
  const allowed = new Map<string, Set<string>>();
  let isAdding = true;
  app.addHook("onRoute", ({ url, method, exposeHeadRoute }) => {
    if (!isAdding) return;
    const known = allowed.get(url) ?? new Set();
    const own = [method].flat();
    for (const each of own) known.add(each);
    // Fastify adds HEAD to a GET after this.
    if (own.includes("GET") && exposeHeadRoute !== false) known.add("HEAD");
    allowed.set(url, known);
  });
  addRoutes();
  isAdding = false;
  for (const [url, known] of allowed) {
    const allow = [...known].join(", ");
    const refuse = async (request: FastifyRequest): Promise<never> => {
      throw new ServerError("METHOD_NOT_ALLOWED", { method: request.method, allow: allowedAt(request) ?? allow });
    };
    const others = methods.filter((method) => !known.has(method));
    app.route({ method: others, url, onRequest: refuse, handler: refuse });
  }
}
