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

const text = { type: "string" };
const count = { type: "number" };

/** What the server needs. Fields that a bridge of the version before does not tell are absent. */
const dependency = {
  type: "object",
  required: ["healthy"],
  properties: {
    healthy: { type: "boolean" },
    latency_ms: { ...count, description: "How long the last answer took" },
    since: { ...text, format: "date-time", description: "Since when it is so, as far as somebody looked" },
    checked_at: { ...text, format: "date-time" },
    error: text,
  },
};

const details = {
  type: "object",
  required: ["status", "components", "dependencies"],
  properties: {
    status: { enum: ["healthy", "degraded"] },
    components: { type: "object" },
    dependencies: {
      type: "object",
      required: ["keys", "bridge"],
      properties: { keys: dependency, bridge: dependency, queue: dependency, telegram: dependency },
    },
  },
};

const report = {
  type: "object",
  required: [
    ...["timestamp", "health_status", "system_metrics", "event_metrics", "telegram_metrics", "recommendations"],
  ],
  properties: {
    timestamp: { ...text, format: "date-time" },
    health_status: { description: '"Healthy", or an object with "Warning" or "Critical" and the reasons' },
    system_metrics: { type: "object" },
    event_metrics: { type: "object" },
    telegram_metrics: { type: "object" },
    recommendations: { type: "array", items: text },
  },
};

const inside = "only inside of the cluster";
const ready = {
  ...success("It is", readiness),
  503: { description: "It is not, with reasons", content: { "application/json": { schema: readiness } } },
};
const detailed = success("How each part is", details);

export const healthPaths = {
  [routes.health]: health("health", "That the process answers, and which version it has"),
  [routes.detailedHealth]: health("health_details", `How the server, its bridge and Telegram are; ${inside}`, detailed),
  [routes.live]: health("live", "200 unless only a restart can help"),
  [routes.ready]: health("ready", "Whether new work is welcome", ready),
  [routes.upstreamLive]: health("live_upstream", `As ${routes.live}`),
  [routes.upstreamReady]: health("ready_upstream", `As ${routes.ready}`, ready),
  [routes.status]: health("status", `As ${routes.detailedHealth}; ${inside}`, detailed),
  [routes.report]: health("report", `Counters of the bridge, as co8/cctelegram reports them; ${inside}`, {
    ...success("What it counted since its start", report),
    503: { $ref: "#/components/responses/Error503" },
  }),
};

export const selfPaths = {
  [routes.openApi]: open("openapi", "description", "This document", success("OpenAPI 3.1", { type: "object" })),
  [routes.docs]: open("docs", "description", "A page to try what stands here", {
    200: { description: "HTML", content: { "text/html": { schema: { type: "string" } } } },
  }),
};
