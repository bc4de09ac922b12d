import { pairSchema } from "../../contract/sessions.ts";
import { Bridge } from "../cluster/bridge.ts";
import { nameOf, resourceNamed } from "../cluster/resources.ts";
import { confirmed, present, report } from "../output.ts";
import { problems } from "../problems.ts";
import { printable } from "../terminal/printable.ts";
import { bridgeRights } from "./approvals.ts";
import { type Command, resourceArgument } from "./command.ts";

export const pair: Command = {
  path: ["pair"],
  summary: "Let somebody new talk to the bot, by the code that it told them",
  details: "They get no messages by that, and are no administrators. /unpair ID, said to the bot, ends it.",
  arguments: [resourceArgument, { name: "code", description: "Six letters and digits, valid for an hour" }],
  output: ["json", "yaml"],
  writes: true,
  examples: ["pair team k7m2qp", "pair team k7m2qp --yes -o json"],
  rights: bridgeRights,
  async run(context, input) {
    const cluster = context.cluster();
    const resource = await resourceNamed(cluster.api, cluster.namespace, input.argument("resource"));
    const code = pairSchema.shape.code.safeParse(input.argument("code").trim().toLowerCase());
    if (!code.success) throw problems.noPairingCode();
    if (resource.spec.telegram?.pairing !== "Code") throw problems.pairingOff(nameOf(resource));
    await confirmed(context, input, `Let whoever was told ${code.data} talk to the bot of ${nameOf(resource)}?`);
    if (input.dryRun) return report(context, input, `whoever was told ${code.data} may talk to the bot`);
    const paired = await new Bridge(cluster, resource).pair(code.data);
    const { user_id: id, first_name: name } = paired;
    const who = printable(name ?? paired.username ?? "a person");
    present(context, input, paired, () => `${who} (${id}) may talk to the bot: /unpair ${id} ends that`);
  },
};
