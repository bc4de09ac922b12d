import { type DeadLetterFate, type DeadLetterQuery, mostDeadLetters } from "../../contract/dead-letters.ts";
import { Bridge } from "../cluster/bridge.ts";
import { resourceNamed } from "../cluster/resources.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { confirmed, present, report } from "../output.ts";
import { problems } from "../problems.ts";
import { queueText, queueView } from "../rendering/queue.ts";
import { bridgeRights } from "./approvals.ts";
import { type Command, type CommandArgument, resourceArgument } from "./command.ts";

export const queueList: Command = {
  path: ["queue", "list"],
  summary: "Show how many messages wait and for what, and those that Telegram refused for good",
  arguments: [resourceArgument],
  options: [
    { flags: "--of <client>", description: "Refused messages of that client only" },
    { flags: "--limit <count>", description: `At most so many refused messages, up to ${mostDeadLetters}` },
    { flags: "--before <id>", description: "Those that are older than the message with this id" },
  ],
  output: ["json", "yaml"],
  examples: ["queue list team", "queue list team --of ci --before 17", "queue list team -o json"],
  rights: bridgeRights,
  async run(context, input) {
    const query = pageOf(input);
    const bridge = await bridgeOf(context, input);
    const view = queueView(await bridge.monitoring(), query && (await bridge.deadLetters(query)));
    present(context, input, view, () => queueText(view, context.now()));
  },
};

/** What is wanted of the refused messages; undefined: the newest ones, which any bridge tells. */
function pageOf(input: Input): DeadLetterQuery | undefined {
  const limit = input.number("limit", { min: 1, max: mostDeadLetters });
  const before = input.number("before", { min: 1 });
  const client = input.text("of");
  if (limit === undefined && before === undefined && client === undefined) return undefined;
  return { limit: limit ?? 50, ...(before !== undefined && { before }), ...(client !== undefined && { client }) };
}

const messagesArgument: CommandArgument = {
  name: "message",
  description: "Their ids, as queue list shows them",
  optional: true,
  many: true,
};

export const queueRetry: Command = {
  path: ["queue", "retry"],
  summary: "Send refused messages again",
  arguments: [resourceArgument, messagesArgument],
  options: [{ flags: "--all", description: "All of them" }],
  writes: true,
  examples: ["queue retry team 17", "queue retry team --all"],
  rights: bridgeRights,
  run: (context, input) => settle(context, input, "retry"),
};

export const queueDrop: Command = {
  path: ["queue", "drop"],
  summary: "Delete refused messages for good",
  arguments: [resourceArgument, messagesArgument],
  options: [{ flags: "--all", description: "All of them" }],
  writes: true,
  examples: ["queue drop team 17 18", "queue drop team --all --yes"],
  rights: bridgeRights,
  run: (context, input) => settle(context, input, "drop"),
};

const words = {
  retry: { question: "Send again", done: "sent again", before: "was sent again before" },
  drop: { question: "Delete for good", done: "deleted", before: "was deleted before" },
} as const;

async function settle(context: Context, input: Input, fate: DeadLetterFate): Promise<void> {
  const bridge = await bridgeOf(context, input);
  const ids = input.many("message");
  if (ids.length === 0 && !input.flag("all")) throw problems.badOption("--all", "or the ids of messages must be given");
  const known = (await bridge.monitoring()).dead_letters.map(({ id }) => String(id));
  const chosen = ids.length > 0 ? ids : known;
  const unknown = chosen.find((id) => !/^[1-9]\d{0,15}$/.test(id));
  if (unknown !== undefined) throw problems.noDeadLetter(unknown, known);
  if (chosen.length === 0) return report(context, input, "There are no refused messages");
  const count = chosen.length === 1 ? `message ${chosen[0]}` : `${chosen.length} messages`;
  await confirmed(context, input, `${words[fate].question}: ${count}?`);
  if (input.dryRun) return report(context, input, `${count}: would be ${words[fate].done}`);
  await (ids.length > 0 ? settleEach(context, bridge, fate, ids) : settleAll(context, bridge, fate));
}

async function settleEach(
  { terminal }: Pick<Context, "terminal">,
  bridge: Bridge,
  fate: DeadLetterFate,
  ids: readonly string[],
): Promise<void> {
  for (const id of ids) {
    const { changed, event_id: event } = await bridge.settle(fate, id);
    terminal.print(`message ${id} of event ${event} ${changed ? `is ${words[fate].done}` : words[fate].before}`);
  }
}

/** The bridge tells of the newest fifty, so they are asked for until there are none; one that is refused again meanwhile is not sent a second time. */
async function settleAll(context: Context, bridge: Bridge, fate: DeadLetterFate): Promise<void> {
  const done = new Set<string>();
  for (;;) {
    const ids = (await bridge.monitoring()).dead_letters.map(({ id }) => String(id)).filter((id) => !done.has(id));
    if (ids.length === 0) break;
    for (const id of ids) done.add(id);
    await settleEach(context, bridge, fate, ids);
  }
  context.terminal.print(`${done.size} messages ${words[fate].done}`);
}

async function bridgeOf({ cluster }: Context, input: Input): Promise<Bridge> {
  const found = cluster();
  const resource = await resourceNamed(found.api, found.namespace, input.argument("resource"));
  return new Bridge(found, resource);
}
