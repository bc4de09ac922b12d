import { routes } from "../../contract/routes.ts";

/** The routes of the server, as they stand in the labels of its metrics. */
export const httpRoutes = Object.freeze([
  { method: "POST", route: routes.mcp },
  { method: "GET", route: routes.mcp },
  { method: "DELETE", route: routes.mcp },
  { method: "GET", route: routes.tools },
  { method: "POST", route: routes.tool },
  { method: "GET", route: routes.tool },
  { method: "DELETE", route: routes.tool },
  { method: "GET", route: routes.approvals },
  { method: "GET", route: routes.approval },
  { method: "DELETE", route: routes.approval },
  { method: "GET", route: routes.resources },
  { method: "GET", route: routes.resource },
  { method: "GET", route: routes.openApi },
  { method: "GET", route: routes.docs },
  { method: "GET", route: routes.health },
  { method: "GET", route: routes.detailedHealth },
  { method: "GET", route: routes.live },
  { method: "GET", route: routes.ready },
  { method: "GET", route: routes.upstreamLive },
  { method: "GET", route: routes.upstreamReady },
  { method: "GET", route: routes.status },
  { method: "GET", route: routes.report },
]);
