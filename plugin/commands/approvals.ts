import { type ApprovalQuery, approvalStates } from "../../contract/approvals.ts";
import { Bridge } from "../cluster/bridge.ts";
import { resourceNamed } from "../cluster/resources.ts";
import { confirmed, present, report } from "../output.ts";
import { approvalsText } from "../rendering/approvals.ts";
import { type Command, resourceArgument } from "./command.ts";

export const bridgeRights = [
  "get cctelegramdeployments.cctelegram.io",
  "get secrets",
  "list pods",
  "get and create pods/portforward",
];

export const approvalsList: Command = {
  path: ["approvals", "list"],
  summary: "List what people are asked to decide, of all clients, the newest first",
  arguments: [resourceArgument],
  options: [
    { flags: "--state <state>", description: "Only those", values: approvalStates },
    { flags: "--limit <count>", description: "At most so many", default: "20" },
  ],
  output: ["json", "yaml"],
  examples: ["approvals list team", "approvals list team --state pending"],
  rights: bridgeRights,
  async run(context, input) {
    const cluster = context.cluster();
    const resource = await resourceNamed(cluster.api, cluster.namespace, input.argument("resource"));
    const state = input.text("state") as ApprovalQuery["state"];
    const limit = input.number("limit", { min: 1, max: 100 }) ?? 20;
    const found = await new Bridge(cluster, resource).approvals({ limit, ...(state === undefined ? {} : { state }) });
    present(context, input, found, () => approvalsText(found, context.now()));
  },
};

export const approvalsWithdraw: Command = {
  path: ["approvals", "withdraw"],
  summary: "Take a question back: its buttons go away, and whoever waits is told",
  details: "Only people decide: on Telegram, with their own accounts. So there is no command that answers for them.",
  arguments: [resourceArgument, { name: "approval", description: "Its id" }],
  writes: true,
  examples: ["approvals withdraw team deploy-7"],
  rights: bridgeRights,
  async run(context, input) {
    const cluster = context.cluster();
    const resource = await resourceNamed(cluster.api, cluster.namespace, input.argument("resource"));
    const bridge = new Bridge(cluster, resource);
    const { title, approval_id: id, state } = await bridge.approval(input.argument("approval"));
    if (state !== "pending") return report(context, input, `${id} is over already: ${state}`);
    await confirmed(context, input, `Take back "${title}" (${id})?`);
    if (!input.dryRun) await bridge.withdraw(id);
    report(context, input, `${id} is taken back`);
  },
};
