import { bansOf } from "../cluster/bans.ts";
import { Bridge } from "../cluster/bridge.ts";
import { resourceNamed } from "../cluster/resources.ts";
import { confirmed, present, report } from "../output.ts";
import { bansText } from "../rendering/bans.ts";
import { waitFor } from "../waiting.ts";
import { bridgeRights } from "./approvals.ts";
import { type Command, resourceArgument } from "./command.ts";

export const bansList: Command = {
  path: ["bans", "list"],
  summary: "List the addresses and keys that servers refuse for a while",
  details:
    "With the dashboard the bridge knows them, up to 5 seconds late. Without it each server is asked, with the key of a client that may call list_bans.",
  arguments: [resourceArgument],
  output: ["json", "yaml"],
  examples: ["bans list team"],
  rights: bridgeRights,
  async run(context, input) {
    const cluster = context.cluster();
    const resource = await resourceNamed(cluster.api, cluster.namespace, input.argument("resource"));
    const bans = await bansOf(cluster, resource, new Bridge(cluster, resource));
    present(context, input, bans, () => bansText(bans, context.now()));
  },
};

export const bansLift: Command = {
  path: ["bans", "lift"],
  summary: "End the bans of an address on all servers",
  arguments: [resourceArgument, { name: "address", description: "As bans list shows it" }],
  options: [
    { flags: "--timeout <duration>", description: "How long to wait until all servers have done it", default: "30s" },
  ],
  writes: true,
  examples: ["bans lift team 203.0.113.7"],
  rights: bridgeRights,
  async run(context, input) {
    const cluster = context.cluster();
    const resource = await resourceNamed(cluster.api, cluster.namespace, input.argument("resource"));
    const bridge = new Bridge(cluster, resource);
    const address = input.argument("address");
    const left = async () => (await bansOf(cluster, resource, bridge)).filter((ban) => ban.address === address);
    if ((await left()).length === 0) return report(context, input, `${address} is not banned`);
    await confirmed(context, input, `End the bans of ${address}?`);
    if (!input.dryRun) {
      await bridge.liftBan(address);
      await waitFor(context, {
        what: `Bans of ${address}`,
        timeoutMs: input.duration("timeout") ?? 0,
        look: async () => {
          const servers = (await left()).flatMap(({ pods }) => pods);
          return servers.length === 0 ? { done: true } : { state: `still on ${servers.join(", ")}` };
        },
        end: () => "All servers have ended them",
      });
    }
    report(context, input, `${address} is banned no more; whoever goes on as before is banned again`);
  },
};
