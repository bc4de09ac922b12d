import * as z from "zod";
import { Bridge } from "../cluster/bridge.ts";
import type { Resource } from "../cluster/resources.ts";
import { callTool, clientFor } from "../cluster/server.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { present } from "../output.ts";
import { problems } from "../problems.ts";
import { waitFor } from "../waiting.ts";
import { type Command, resourceArgument } from "./command.ts";
import { named } from "./pause.ts";

const sentSchema = z.looseObject({ event_id: z.string(), message: z.string().optional() });

export const send: Command = {
  path: ["send"],
  summary: "Send a message to Telegram as one of the clients, through a server",
  arguments: [resourceArgument, { name: "message", description: "Its text; several words are joined", many: true }],
  options: [
    {
      flags: "--key <client>",
      description: "Whose key is used; default: the first that may send",
      completion: "clients",
    },
    { flags: "--title <title>", description: "Send an event with this title; the message is its description" },
    { flags: "--type <type>", description: "Its type, as list_event_types names them", default: "info_notification" },
    { flags: "--wait", description: "Wait until Telegram has it" },
    { flags: "--timeout <duration>", description: "How long to wait", default: "2m" },
  ],
  output: ["json", "yaml"],
  examples: ['send team "Hello from the command line"', 'send team --title "Maintenance" "Back at 14:00" --wait'],
  rights: ["get cctelegramdeployments.cctelegram.io", "get secrets", "list pods", "get and create pods/portforward"],
  async run(context, input) {
    const resource = await named(context, input);
    const message = input.many("message").join(" ");
    const title = input.text("title");
    const tool = title === undefined ? "send_telegram_message" : "send_telegram_event";
    const args = title === undefined ? { message } : { type: input.text("type"), title, description: message };
    const client = clientFor(resource, tool, input.text("key"));
    const answer = await callTool(context.cluster(), resource, { tool, args, client });
    const sent = sentSchema.safeParse(answer);
    if (!sent.success) throw problems.partSilent("server", "its answer is none that this command knows");
    if (input.flag("wait")) await untilSent(context, input, resource, sent.data.event_id);
    present(context, input, answer, () => `Sent as ${client}: event ${sent.data.event_id}`);
  },
};

async function untilSent(context: Context, input: Input, resource: Resource, id: string): Promise<void> {
  const bridge = new Bridge(context.cluster(), resource);
  await waitFor(context, {
    what: "Delivery",
    timeoutMs: input.duration("timeout") ?? 0,
    look: async () => {
      const { state, messages, refusals, waiting } = await bridge.event(id);
      if (state === "sent") return { done: messages };
      const [refusal] = refusals;
      if (state !== "waiting") return { failed: problems.partRefuses("Telegram", refusal?.reason ?? state) };
      return { state: waiting?.reason ?? `${messages.waiting} messages wait` };
    },
    end: ({ sent }) => `Telegram has it, as ${sent} message(s)`,
  });
}
