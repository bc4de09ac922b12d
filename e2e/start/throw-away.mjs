/**
 * Loaded before a server for `--try`: the server ends when its parent process has ended or was killed, and its data
 * are deleted.
 */
import { rmSync } from "node:fs";

const folder = process.env.CCTELEGRAM_THROW_AWAY;

process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
// The connection to the parent must not keep the process alive.
process.channel?.unref();
process.on("exit", () => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});
