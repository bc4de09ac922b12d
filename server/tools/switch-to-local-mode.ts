import { modeTool } from "./switch-mode.ts";

export const switchToLocalMode = modeTool({
  mode: "local",
  name: "switch_to_local_mode",
  title: "Switch to local mode",
  description:
    "At the computer: approvals, results and failures make a sound on Telegram, everything else comes without one.",
  message: "Switched to local mode: only approvals, results and failures make a sound",
});
