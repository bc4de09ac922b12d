import { shownLine } from "../formatting/shown-text.ts";
import type { Command } from "./command.ts";
import { replyText } from "./reply-text.ts";

const OFF = "Nobody is paired here: set telegram.pairing of the resource (TELEGRAM_PAIRING of the bridge) to Code.";

export const pair: Command = {
  name: "pair",
  description: "Lets somebody new talk to the bot, by the code that it told",
  argument: "CODE",
  who: "admins",
  answer({ args, from }, { pair: confirm }) {
    const paired = confirm(args, from.id);
    if (paired === "off") return replyText([OFF]);
    if (paired === undefined) {
      return replyText([
        "Nobody was told this code within the last hour. The person writes to me, and tells you mine.",
      ]);
    }
    const name = shownLine(paired.first_name ?? "") || String(paired.user_id);
    return replyText([`${name} (${paired.user_id}) may talk to me now. /unpair ${paired.user_id} ends that.`]);
  },
};

export const unpair: Command = {
  name: "unpair",
  description: "Whoever was paired may not talk to the bot any more",
  argument: "ID",
  who: "admins",
  answer({ args }, { unpair: end }) {
    const id = Number(args.trim());
    const isEnded = Number.isSafeInteger(id) && end(id);
    return replyText([isEnded ? `${id} may not talk to me any more.` : "Nobody with this id was paired."]);
  },
};
