import { Bridge } from "../cluster/bridge.ts";
import { nameOf } from "../cluster/resources.ts";
import { confirmed, report } from "../output.ts";
import { bridgeRights } from "./approvals.ts";
import { type Command, resourceArgument } from "./command.ts";
import { emptied } from "./drain.ts";
import { named, setField } from "./pause.ts";

const rights = ["get and patch cctelegramdeployments.cctelegram.io"];

export const hibernate: Command = {
  path: ["hibernate"],
  summary: "Stop servers and bridge (spec.activity: Hibernated); volume, messages, keys and settings stay",
  arguments: [resourceArgument],
  options: [
    { flags: "--drain", description: "Wait first until the queue is empty" },
    { flags: "--timeout <duration>", description: "How long to wait for that", default: "10m" },
  ],
  writes: true,
  examples: ["hibernate team", "hibernate team --drain --yes"],
  rights: [...rights, ...bridgeRights.slice(1).map((right) => `${right} (with --drain)`)],
  async run(context, input) {
    const resource = await named(context, input);
    await confirmed(context, input, `Stop ${nameOf(resource)} for all clients until it is woken?`);
    if (input.flag("drain") && !input.dryRun) {
      await emptied(context, new Bridge(context.cluster(), resource), input.duration("timeout") ?? 0);
    }
    await setField(context, input, resource, { activity: "Hibernated" });
    report(
      context,
      input,
      `${nameOf(resource)} hibernates: kubectl cctelegram wake ${nameOf(resource)} brings it back`,
    );
  },
};

export const wake: Command = {
  path: ["wake"],
  summary: "Bring a resource back that hibernates (spec.activity: Active)",
  arguments: [resourceArgument],
  writes: true,
  examples: ["wake team"],
  rights,
  async run(context, input) {
    const resource = await named(context, input);
    await setField(context, input, resource, { activity: "Active" });
    report(
      context,
      input,
      `${nameOf(resource)} wakes up: kubectl cctelegram status ${nameOf(resource)} shows how far it is`,
    );
  },
};
