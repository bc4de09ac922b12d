/** Paths that programs ask each other for. `:name` stands for one segment. */
export const routes = Object.freeze({
  /** MCP over streamable HTTP. */
  mcp: "/mcp",
  tools: "/tools",
  tool: "/tools/:name",
  resources: "/resources",
  /** What one resource holds; `?resource=NAME` is the rest of its URI. */
  resource: "/resources/cctelegram",
  /** What a server that takes access tokens tells of itself (RFC 9728), also as that of `/mcp`. */
  protectedResource: "/.well-known/oauth-protected-resource",
  protectedMcp: "/.well-known/oauth-protected-resource/mcp",
  /** What REST offers, as OpenAPI, and a page to try it. */
  openApi: "/openapi.json",
  docs: "/docs",
  health: "/health",
  detailedHealth: "/health/detailed",
  /** 200 unless only a restart can help. */
  live: "/health/live",
  /** 200 while new work is welcome. */
  ready: "/health/ready",
  /** Names of co8/cctelegram for the same. */
  upstreamLive: "/live",
  upstreamReady: "/ready",
  /** Of server and bridge: counters as co8/cctelegram's bridge reports them. */
  report: "/report",
  /** Of the bridge, signed: takes an event. */
  events: "/events",
  /** Of the bridge, signed: where an event is; `?client=NAME` asks for an event of that client. */
  event: "/events/:id",
  /** Of the bridge, signed: what people said; DELETE forgets old ones. */
  responses: "/responses",
  /** Of the server and of the bridge (signed): what people are asked to decide. */
  approvals: "/approvals",
  approval: "/approvals/:id",
  /** Of the bridge, signed: the lists of todos that clients register. */
  todos: "/todos",
  /** Of the bridge, for Telegram alone: an update, as a webhook gets it. */
  telegramUpdates: "/telegram/updates",
  /** Of the bridge, signed: how it is. Of the server, as co8/cctelegram calls it: health in detail. */
  status: "/status",
  /** Of the bridge, signed: what server pods say to each other. */
  publish: "/relay/publish",
  follow: "/relay/follow",
  recall: "/relay/recall",
  /** Of the bridge, signed: what its data directory holds, as it is at one moment; the role `backup` reads it. */
  backup: "/backup",
  /** Of the bridge, signed: whether delivery is stopped; what stops it, lets it go on, and restarts the bridge. */
  control: "/control",
  pauseDelivery: "/control/pause",
  resumeDelivery: "/control/resume",
  restartBridge: "/control/restart",
  /** Of the bridge, signed: sets which messages people hear. */
  attentionMode: "/attention/mode",
  /** Of the bridge, signed: how it is, for people who operate it; its last hours, and one event from call to Telegram. */
  bridgeMonitoring: "/monitoring",
  bridgeHistory: "/monitoring/history",
  bridgeEventTrace: "/monitoring/events/:id",
  /** Of the bridge, signed: what server pods tell about themselves; what becomes of a message that Telegram refused. */
  serverTellings: "/monitoring/servers",
  deadLetters: "/monitoring/dead-letters",
  retryDeadLetter: "/monitoring/dead-letters/:id/retry",
  dropDeadLetter: "/monitoring/dead-letters/:id/drop",
  /** The same, if it is of the client that asks. A route, since a bridge of the version before would not heed a field. */
  retryOwnDeadLetter: "/monitoring/own-dead-letters/:id/retry",
  dropOwnDeadLetter: "/monitoring/own-dead-letters/:id/drop",
  /** Of the dashboard, on a port of its own. */
  dashboard: "/dashboard",
  overview: "/api/monitoring/overview",
  history: "/api/monitoring/history",
  eventTrace: "/api/monitoring/events/:id",
  overviewStream: "/api/monitoring/stream",
  actions: "/api/monitoring/actions",
  /** The name of co8/cctelegram for an overview, in its form. */
  upstreamDashboard: "/api/monitoring/dashboard",
  /** Prometheus' text format, on a port of its own. */
  metrics: "/metrics",
});
