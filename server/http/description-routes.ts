import type { FastifyInstance } from "fastify";
import { errors } from "../../contract/error-catalogue.ts";
import { routes } from "../../contract/routes.ts";
import { version } from "../config/version.ts";
import type { Features } from "../features/features.ts";
import { docsPage } from "./docs-page/page.ts";
import { openApiText } from "./openapi/document.ts";

/**
 * GET /openapi.json describes REST, and GET /docs is a page to try it. Both are the same for everybody and in every deployment
 * but for strict input, and need no key: they tell nothing that is not in the sources.
 */
export function descriptionRoutes(app: FastifyInstance, features: Features): void {
  const { html, contentSecurityPolicy } = docsPage();
  // Bytes that all answers share: many strangers who read slowly hold no copy each.
  const document = Buffer.from(openApiText({ version, features, errors }));
  const page = Buffer.from(html);
  app.get(routes.openApi, async (_request, reply) => reply.type("application/json; charset=utf-8").send(document));
  app.get(routes.docs, async (_request, reply) =>
    reply.header("content-security-policy", contentSecurityPolicy).type("text/html; charset=utf-8").send(page),
  );
}
