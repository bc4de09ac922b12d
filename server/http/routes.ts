/** The routes of the server, as they stand in the labels of its metrics. */
export const httpRoutes = Object.freeze([
  { method: "POST", route: "/mcp" },
  { method: "GET", route: "/tools" },
  { method: "POST", route: "/tools/:name" },
  { method: "GET", route: "/health" },
  { method: "GET", route: "/health/detailed" },
  { method: "GET", route: "/health/live" },
  { method: "GET", route: "/health/ready" },
]);
