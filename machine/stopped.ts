import { onOrphaned } from "./orphan.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Calls back once, at the first of: Ctrl-C, SIGTERM, SIGHUP, the end without a word of whoever started this program. What comes
 * after that, such as npm's own copy of Ctrl-C, does not end the program before it has cleaned up. Returns how to stop listening.
 */
export function onStopped(callback: () => void): () => void {
  let told = false;
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
