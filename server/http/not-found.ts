import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServerError } from "../../contract/errors.ts";

/** Where clients look for OAuth (RFC 8414, RFC 9728, OpenID Connect Discovery), and its endpoints when nothing tells of others. */
const oauthPaths = /^\/(?:\.well-known\/.*|register|authorize|token)\/?$/;

/** Answers unknown paths before their body is read: the caller has shown no key. */
export function refuseUnknownPaths(app: FastifyInstance): void {
  app.addHook("onRequest", (request, _reply, done) => {
    done(request.is404 ? new ServerError("NOT_FOUND", { path: shownPath(request) }) : undefined);
  });
}

/** The path of a request as it may stand in logs and answers: without the query, printable and cut. */
export function shownPath({ url }: Pick<FastifyRequest, "url">): string {
  const path = url.split("?", 1)[0] ?? "";
  return path.replace(/[^\x21-\x7e]/g, "?").slice(0, 200);
}

/**
 * The body that an OAuth client understands (RFC 6749, 5.2; RFC 7591, 3.2.2), for paths where it looks for a login.
 * Clients show its description to the person, who only has to send the right key, or to sign in elsewhere.
 */
export function oauthError(request: FastifyRequest, metadataUrl: string | undefined): object | undefined {
  if (!oauthPaths.test(shownPath(request))) return undefined;
  if (metadataUrl !== undefined) {
    const where = `This server takes access tokens of another one: ${metadataUrl} names it.`;
    return { error: "not_found", error_description: where };
  }
  return {
    error: "not_found",
    error_description:
      "This server has no OAuth login; it uses API keys. Send a valid key as `X-API-Key: KEY` or `Authorization: Bearer KEY`.",
  };
}
