import { pausedText } from "../status/status.ts";
import type { Asked, Command, CommandContext } from "./command.ts";
import { bold, type ReplyLine, replyText } from "./reply-text.ts";

/** Who stopped delivery, as the status tells it. */
const person = ({ from }: Asked) => `the person ${from.id}`;

export const bridge: Command = {
  name: "bridge",
  description: "Whether delivery goes on; for administrators: stop it, or let it go on",
  argument: "stop|start",
  who: "people",
  answer(asked, context) {
    const word = asked.args.trim().toLowerCase();
    if (word === "") return replyText(stateLines(context));
    if (word !== "stop" && word !== "start") return replyText(["After /bridge there may be stop or start."]);
    if (!asked.isAdmin) return replyText(["Only administrators of this bot may stop delivery, or let it go on."]);
    const changed = context.setPaused(word === "stop", person(asked));
    return replyText([changed ? [] : ["It is so already."], stateLines(context)].flat());
  },
};

export const restart: Command = {
  name: "restart",
  description: "Ends the bridge, and starts it again",
  who: "admins",
  answer: () => replyText(["The bridge starts again. Nothing is lost; /status tells when it is back."]),
  afterwards: (asked, { restart: again }) => again(person(asked)),
};

function stateLines({ paused }: CommandContext): ReplyLine[] {
  const pause = paused();
  if (pause === undefined) return [bold("Messages are delivered"), "/status and /queue tell more."];
  return [bold("Delivery is stopped"), `${pausedText(pause)}. Messages are accepted and kept.`];
}
