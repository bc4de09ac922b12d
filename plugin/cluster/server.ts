import * as z from "zod";
import { apiKeyHeader } from "../../contract/api-key.ts";
import { groupOf } from "../../contract/permissions.ts";
import { ports } from "../../contract/ports.ts";
import { routes } from "../../contract/routes.ts";
import { exitCodes } from "../exit-codes.ts";
import { problems } from "../problems.ts";
import type { Cluster } from "./cluster.ts";
import { callOver } from "./http.ts";
import {
  type Client,
  clientNamed,
  clientsOf,
  connectionName,
  nameOf,
  namespaceOf,
  type Resource,
  secretValue,
} from "./resources.ts";
import { runningPod } from "./running-pod.ts";

const timeoutMs = 60_000;

const isAllowed = ({ access, permissions = [] }: Client, tool: string) =>
  access !== "Disabled" && permissions.some((permission) => ["*", tool, groupOf(tool)].includes(permission));

/** The client that was named, else the first that may call the tool. */
export function clientFor(resource: Resource, tool: string, name: string | undefined): string {
  if (name !== undefined) return clientNamed(resource, name).name;
  const client = clientThatMay(resource, tool);
  if (client === undefined) throw problems.noClientMay(tool, nameOf(resource));
  return client;
}

/** The first; undefined when none may. */
export const clientThatMay = (resource: Resource, tool: string): string | undefined =>
  clientsOf(resource).find((candidate) => isAllowed(candidate, tool))?.name;

/** The key of a client, which its connection Secret holds. */
export const keyOf = (cluster: Cluster, resource: Resource, client: string): Promise<string> =>
  secretValue(cluster.api, namespaceOf(resource), connectionName(resource, client), "key");

/** Calls a tool over REST on one of the servers, as a client. */
export async function callTool(
  cluster: Cluster,
  resource: Resource,
  { tool, args, client, pod: named }: ToolCall,
): Promise<unknown> {
  const key = await keyOf(cluster, resource, client);
  const pod = named ?? (await runningPod(cluster.api, resource, "mcp-server"));
  const stream = await cluster.dial({ namespace: namespaceOf(resource), pod, port: ports.mcp });
  const { status, text } = await callOver(stream, "server", {
    method: "POST",
    path: routes.tool.replace(":name", tool),
    headers: { "content-type": "application/json", [apiKeyHeader]: key },
    body: JSON.stringify(args),
    timeoutMs,
    signal: cluster.signal,
  });
  return read(status, text);
}

type ToolCall = {
  readonly tool: string;
  readonly args: object;
  readonly client: string;
  /** Default: any server. */
  readonly pod?: string;
};

function read(status: number, text: string): unknown {
  const body = jsonOf(text);
  if (status < 400) return body;
  const { message } = z
    .object({ message: z.string() })
    .catch({ message: `HTTP ${status}` })
    .parse(body);
  throw problems.partRefuses("server", message, [401, 403].includes(status) ? exitCodes.forbidden : exitCodes.failed);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
