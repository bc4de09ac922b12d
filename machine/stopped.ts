import { onOrphaned } from "./orphan.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Calls back once, at the first of: Ctrl-C, SIGTERM, SIGHUP, the end of the parent process. Later signals,
 * such as npm's own copy of Ctrl-C, do not end the program before it has cleaned up. Returns a function that stops listening.
 */
export function onStopped(callback: () => void): () => void {
  let told = false;
  // A terminal that was closed takes no more lines: that must not end the program in the middle of cleaning up.
  for (const output of [process.stdout, process.stderr]) output.on("error", () => undefined);
  const stop = () => {
    if (!told) callback();
    told = true;
  };
  for (const signal of signals) process.on(signal, stop);
  onOrphaned(stop);
  return () => {
    told = true;
    for (const signal of signals) process.off(signal, stop);
  };
}
