import { modeTool } from "./switch-mode.ts";

export const switchToMuteMode = modeTool({
  mode: "muted",
  name: "switch_to_mute_mode",
  title: "Switch to mute mode",
  description:
    "Silent: only approvals come to Telegram, without a sound. Other messages are counted, not sent, and do not come later.",
  message: "Switched to mute mode: only approvals come, without a sound",
});
