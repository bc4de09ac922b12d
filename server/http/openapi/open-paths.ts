import { routes } from "../../../contract/routes.ts";
import { failures, success } from "./answers.ts";

const open = (operationId: string, tag: string, summary: string, responses: object) => ({
  get: { operationId, tags: [tag], summary, security: [], responses: { ...responses, ...failures() } },
});

const health = (operationId: string, summary: string, responses: object = {}) =>
  open(operationId, "health", summary, { ...success(summary, { type: "object" }), ...responses });

const readiness = {
  type: "object",
  required: ["ready", "reasons"],
  properties: { ready: { type: "boolean" }, reasons: { type: "array", items: { type: "string" } } },
};

export const healthPaths = {
  [routes.health]: health("health", "That the process answers, and which version it has"),
  [routes.detailedHealth]: health("health_details", "How the server and its bridge are; only inside of the cluster"),
  [routes.live]: health("live", "200 unless only a restart can help"),
  [routes.ready]: health("ready", "Whether new work is welcome", {
    ...success("It is", readiness),
    503: { description: "It is not, with reasons", content: { "application/json": { schema: readiness } } },
  }),
};

export const selfPaths = {
  [routes.openApi]: open("openapi", "description", "This document", success("OpenAPI 3.1", { type: "object" })),
  [routes.docs]: open("docs", "description", "A page to try what stands here", {
    200: { description: "HTML", content: { "text/html": { schema: { type: "string" } } } },
  }),
};
