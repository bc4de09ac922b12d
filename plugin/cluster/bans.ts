import * as z from "zod";
import { banReasons } from "../../contract/metric-names.ts";
import type { ShownBan } from "../../contract/monitoring.ts";
import { problems } from "../problems.ts";
import { banViews, type ToldBans } from "../rendering/bans.ts";
import type { Bridge } from "./bridge.ts";
import type { Cluster } from "./cluster.ts";
import { nameOf, podsOf, type Resource } from "./resources.ts";
import { isReady } from "./running-pod.ts";
import { callTool, clientThatMay } from "./server.ts";

/** What the tool list_bans answers. */
const listedSchema = z.object({
  bans: z.array(
    z.object({
      address: z.string(),
      reason: z.enum(banReasons),
      client: z.string().nullable(),
      since: z.string(),
      until: z.string(),
    }),
  ),
});

const tool = "list_bans";

/**
 * The bans of all servers. With the dashboard servers tell the bridge of them; without it each is asked, with the key of a client that may.
 */
export async function bansOf(cluster: Cluster, resource: Resource, bridge: Bridge): Promise<readonly ShownBan[]> {
  const { servers } = await bridge.monitoring();
  if (servers.length > 0) return banViews(servers.map(({ report, bans }) => ({ pod: report.name, bans })));
  const client = clientThatMay(resource, tool);
  if (client === undefined) throw problems.nobodyTellsBans(nameOf(resource));
  const pods = (await podsOf(cluster.api, resource, "mcp-server")).filter(isReady).map(nameOf);
  return banViews(await Promise.all(pods.map((pod) => asked(cluster, resource, { client, pod }))));
}

type Asked = { readonly client: string; readonly pod: string };

async function asked(cluster: Cluster, resource: Resource, { client, pod }: Asked): Promise<ToldBans> {
  const listed = listedSchema.safeParse(await callTool(cluster, resource, { tool, args: {}, client, pod }));
  if (!listed.success) throw problems.partSilent("server", "its answer is none that this command knows");
  const bans = listed.data.bans.map(({ client, ...ban }) => ({ ...ban, ...(client === null ? {} : { client }) }));
  return { pod, bans };
}
