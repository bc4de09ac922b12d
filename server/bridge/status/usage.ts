/** Memory and processor use of this process. */
export type Usage = { readonly memory_usage_mb: number; readonly cpu_usage_percent: number };

/** A reading stays right for so many milliseconds: the kernel takes longer for it than a whole status does. */
const freshMs = 1000;

/** Returns a reader of the use; the processor's share is since the reading before, of one core. */
export function usageReader(steady: () => number): () => Usage {
  let last = { cpu: process.cpuUsage(), at: steady() };
  let usage: Usage | undefined;
  return () => {
    const at = steady();
    const elapsedMs = Math.max(1, at - last.at);
    if (usage !== undefined && elapsedMs < freshMs) return usage;
    const spent = process.cpuUsage(last.cpu);
    last = { cpu: process.cpuUsage(), at };
    const percent = (spent.user + spent.system) / 10 / elapsedMs;
    usage = { memory_usage_mb: round(process.memoryUsage.rss() / 2 ** 20), cpu_usage_percent: round(percent) };
    return usage;
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
