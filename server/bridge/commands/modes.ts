import type { AttentionMode } from "../../../contract/attention.ts";
import { modeMeaning } from "../attention/mode-line.ts";
import type { Command } from "./command.ts";
import { replyText } from "./reply-text.ts";

/** A command that sets the mode of the person who gives it. */
function modeCommand(mode: AttentionMode, command: Pick<Command, "name" | "description" | "aliases">): Command {
  return {
    ...command,
    who: "people",
    answer({ from }, { setMode }) {
      setMode(from.id, mode);
      return replyText([modeMeaning(mode)]);
    },
  };
}

/** With the names that co8/cctelegram has for them. */
export const modeCommands: readonly Command[] = [
  modeCommand("muted", { name: "mute", aliases: ["cct:mute"], description: "Only approvals come, without a sound" }),
  modeCommand("nomad", { name: "unmute", aliases: ["nomad", "cct:nomad"], description: "Every message makes a sound" }),
  modeCommand("local", {
    name: "local",
    aliases: ["cct:local"],
    description: "You are at the computer: only what matters makes a sound",
  }),
];
