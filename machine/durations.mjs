/** How long steps took, kept between runs for estimates. Plain JavaScript, for Node 20. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** What is over sooner needs no estimate. */
const SHORTEST_MS = 2_000;
/** A step whose name is not used any more goes some day. */
const KEPT = 100;

/** Durations of steps by name in a JSON file. What cannot be read or written is done without. */
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
        // Somebody else may write, too: the last one counts, and nobody reads a half.
        writeFileSync(`${file}.${process.pid}`, JSON.stringify(all));
        renameSync(`${file}.${process.pid}`, file);
      } catch {
        // An estimate less.
      }
    },
  };
}
