/** How long steps took, stored between runs for estimates. Plain JavaScript, for Node 20. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Shorter steps need no estimate. */
const SHORTEST_MS = 2_000;
/** Limits the file: old names of steps are dropped some day. */
const KEPT = 100;

/** Durations of steps by name in a JSON file. Without it there are no estimates. */
export function fileDurations(file) {
  const read = () => {
    try {
      const entries = Object.entries(JSON.parse(readFileSync(file, "utf8")));
      return entries.filter(([, milliseconds]) => Number.isFinite(milliseconds));
    } catch {
      return [];
    }
  };
  return {
    typical: (name) => read().find(([key]) => key === name)?.[1],
    record: (name, milliseconds) => {
      if (milliseconds < SHORTEST_MS) return;
      const others = read().filter(([key]) => key !== name);
      const all = Object.fromEntries([...others, [name, Math.round(milliseconds)]].slice(-KEPT));
      try {
        mkdirSync(dirname(file), { recursive: true });
        // Another process may write, too: the last one wins, and nobody reads an incomplete file.
        writeFileSync(`${file}.${process.pid}`, JSON.stringify(all));
        renameSync(`${file}.${process.pid}`, file);
      } catch {
        // One estimate less.
      }
    },
  };
}
