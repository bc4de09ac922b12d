/**
 * Loaded before a server that is only tried out: it ends when whoever started it is gone, also without a word, and its data
 * goes with it.
 */
import { rmSync } from "node:fs";

const folder = process.env.CCTELEGRAM_THROW_AWAY;

process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
// The connection to the parent alone keeps nothing alive.
process.channel?.unref();
process.on("exit", () => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});
