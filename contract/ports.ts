/** Ports of server and bridge, unless their environment says otherwise. */
export const ports = Object.freeze({
  /** MCP, REST and health. */
  mcp: 8080,
  /** The same for the proxy in front: it may say who its clients are. */
  proxied: 8082,
  /** The same for callers from outside without a proxy. */
  external: 8083,
  /** The page for people who operate it. */
  dashboard: 8081,
  metrics: 9090,
  bridge: 9001,
  /** Of the bridge, for Telegram's calls alone: the one that the proxy in front reaches. */
  updates: 9002,
});
