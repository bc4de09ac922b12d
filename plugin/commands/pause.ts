import { Bridge } from "../cluster/bridge.ts";
import { patched } from "../cluster/changes.ts";
import { nameOf, namespaceOf, pathOf, type Resource, resourceNamed } from "../cluster/resources.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { confirmed, report } from "../output.ts";
import { bridgeRights } from "./approvals.ts";
import { type Command, resourceArgument } from "./command.ts";

const patchRights = ["get and patch cctelegramdeployments.cctelegram.io"];

export const pauseDelivery: Command = {
  path: ["pause", "delivery"],
  summary: "Stop sending to Telegram; messages are accepted and kept",
  arguments: [resourceArgument],
  writes: true,
  examples: ["pause delivery team"],
  rights: bridgeRights,
  async run(context, input) {
    const { bridge, name } = await at(context, input);
    await confirmed(context, input, `Stop delivery of ${name} to Telegram, for all clients?`);
    const before = await bridge.control();
    if (before.paused !== undefined)
      return report(
        context,
        input,
        `Delivery of ${name} is stopped already, by ${before.paused.by} since ${before.paused.since}`,
      );
    if (!input.dryRun) await bridge.pause();
    report(context, input, `Delivery of ${name} is stopped: kubectl cctelegram resume delivery ${name} lets it go on`);
  },
};

export const resumeDelivery: Command = {
  path: ["resume", "delivery"],
  summary: "Send to Telegram again; what was kept is sent in order",
  arguments: [resourceArgument],
  writes: true,
  examples: ["resume delivery team"],
  rights: bridgeRights,
  async run(context, input) {
    const { bridge, name } = await at(context, input);
    if ((await bridge.control()).paused === undefined)
      return report(context, input, `Delivery of ${name} is not stopped`);
    if (!input.dryRun) await bridge.resume();
    report(context, input, `Delivery of ${name} goes on`);
  },
};

export const pauseReconciliation: Command = {
  path: ["pause", "reconciliation"],
  summary: "Have the operator leave all objects of a resource as they are (spec.reconciliation: Paused)",
  details:
    "Servers and bridge go on. Changes of the resource have no effect until it is resumed, and nothing that is deleted comes back.",
  arguments: [resourceArgument],
  writes: true,
  examples: ["pause reconciliation team"],
  rights: patchRights,
  async run(context, input) {
    const resource = await named(context, input);
    await confirmed(context, input, `Have the operator leave ${nameOf(resource)} as it is?`);
    await setField(context, input, resource, { reconciliation: "Paused" });
    report(
      context,
      input,
      `The operator leaves ${nameOf(resource)} as it is: kubectl cctelegram resume reconciliation ${nameOf(resource)} ends that`,
    );
  },
};

export const resumeReconciliation: Command = {
  path: ["resume", "reconciliation"],
  summary: "Have the operator keep a resource as described again (spec.reconciliation: Active)",
  arguments: [resourceArgument],
  writes: true,
  examples: ["resume reconciliation team"],
  rights: patchRights,
  async run(context, input) {
    const resource = await named(context, input);
    await setField(context, input, resource, { reconciliation: "Active" });
    report(context, input, `The operator keeps ${nameOf(resource)} as it is described`);
  },
};

/** Sets fields of the spec; one that this cluster's definition does not have is refused with what to do. */
export async function setField(
  { cluster }: Context,
  input: Input,
  resource: Resource,
  spec: Readonly<Record<string, unknown>>,
): Promise<void> {
  await patched(cluster().api, pathOf(namespaceOf(resource), nameOf(resource)), { spec }, input);
}

export async function named({ cluster }: Context, input: Input): Promise<Resource> {
  const { api, namespace } = cluster();
  return resourceNamed(api, namespace, input.argument("resource"));
}

async function at(context: Context, input: Input): Promise<{ readonly bridge: Bridge; readonly name: string }> {
  const resource = await named(context, input);
  return { bridge: new Bridge(context.cluster(), resource), name: nameOf(resource) };
}
