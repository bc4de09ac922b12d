import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** What is in use when all that nobody can reach any more is gone. What the collector would do at leisure proves nothing. */
export async function memoryInUse(): Promise<NodeJS.MemoryUsage> {
  // Buffers are freed some turns after the objects that had them.
  for (let round = 0; round < 3; round += 1) {
    collect();
    await delay(10);
  }
  return process.memoryUsage();
}
