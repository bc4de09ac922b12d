/** Ports of server and bridge, unless their environment says otherwise. */
export const ports = Object.freeze({ mcp: 8080, bridge: 9001, metrics: 9090 });
