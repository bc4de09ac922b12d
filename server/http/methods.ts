import type { FastifyInstance, HTTPMethods } from "fastify";
import { ServerError } from "../../contract/errors.ts";

const methods: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/**
 * Answers 405 with Allow on the other methods of each path (RFC 9110, 15.5.6). Every path must have one route only; call
 * it before the routes are added.
 */
export function refuseOtherMethods(app: FastifyInstance): void {
  const seen = new Set<string>();
  app.addHook("onRoute", ({ url, method }) => {
    if (seen.has(url)) return;
    seen.add(url);
    const allowed = [method].flat().includes("GET") ? ["GET", "HEAD"] : [method].flat();
    const others = methods.filter((other) => !allowed.includes(other));
    const allow = allowed.join(", ");
    const refuse = async (request: { method: string }): Promise<never> => {
      throw new ServerError("METHOD_NOT_ALLOWED", { method: request.method, allow });
    };
    // Before the body is read: what is wrong with it does not matter.
    app.route({ method: others, url, onRequest: refuse, handler: refuse });
  });
}
