import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Target } from "./kubectl.ts";

/** The content of a connection Secret. */
export type Connection = { readonly url: string; readonly key: string; readonly configuration: string };

/** Reads the connection Secret of a client, as a person would. */
export async function connectionOf(
  { kubectl }: Target,
  at: { readonly namespace: string; readonly resource: string; readonly client: string },
): Promise<Connection> {
  const name = `${at.resource}-connection-${at.client}`;
  const { data } = JSON.parse(await kubectl(["-n", at.namespace, "get", "secret", name, "-o", "json"]));
  const decoded = (key: string) => Buffer.from(data[key] ?? "", "base64").toString();
  return { url: decoded("url"), key: decoded("key"), configuration: decoded("mcp.json") };
}

/** A real MCP client with an API key, which uses the given `fetch` or Node's. The caller closes it. */
export async function connectClient(url: string, key: string, ask = fetch): Promise<Client> {
  const client = new Client({ name: "cctelegram-e2e", version: "1" });
  const requestInit = { headers: { "x-api-key": key } };
  // The transport's own type declares its optional session id without regard to exactOptionalPropertyTypes.
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit, fetch: ask }) as Parameters<
    Client["connect"]
  >[0];
  await client.connect(transport);
  return client;
}

/** Calls one tool and returns its structured result; an error result throws with its text. */
export async function callTool(client: Client, name: string, args: Record<string, unknown>): Promise<unknown> {
  const result = await client.callTool({ name, arguments: args });
  if (result.isError) throw new Error(`${name} failed: ${JSON.stringify(result.content)}`);
  return result.structuredContent;
}
