import { apiKeyHeader } from "./api-key.ts";

/**
 * The configuration that MCP clients read, with the address and the key of one.
 *
 * @example
 * ```ts
 * const { mcpServers } = clientConfiguration("http://127.0.0.1:8080/mcp", "a-key-of-a-client");
 * mcpServers.cctelegram.headers["X-API-Key"]; // => a-key-of-a-client
 * ```
 */
export function clientConfiguration(url: string, key: string) {
  return { mcpServers: { cctelegram: { type: "http", url, headers: { [apiKeyHeader]: key } } } } as const;
}
