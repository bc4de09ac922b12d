/** Memory and processor use of this process. */
export type Usage = { readonly memory_usage_mb: number; readonly cpu_usage_percent: number };

/** Returns a reader of the use; the processor's share is since the reading before, of one core. */
export function usageReader(steady: () => number): () => Usage {
  let last = { cpu: process.cpuUsage(), at: steady() };
  return () => {
    const at = steady();
    const spent = process.cpuUsage(last.cpu);
    const elapsedMs = Math.max(1, at - last.at);
    last = { cpu: process.cpuUsage(), at };
    const percent = (spent.user + spent.system) / 10 / elapsedMs;
    return { memory_usage_mb: round(process.memoryUsage.rss() / 2 ** 20), cpu_usage_percent: round(percent) };
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
