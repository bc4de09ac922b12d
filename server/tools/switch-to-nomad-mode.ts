import { modeTool } from "./switch-mode.ts";

export const switchToNomadMode = modeTool({
  mode: "nomad",
  name: "switch_to_nomad_mode",
  title: "Switch to nomad mode",
  description: "Away from the computer: every message on Telegram makes a sound. This is the mode of who has set none.",
  message: "Switched to nomad mode: every message makes a sound",
});
