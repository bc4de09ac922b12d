/**
 * Calls back when whoever started this program has gone without a word, as after kill -9. It keeps nothing alive by
 * itself. Ends with the process.
 */
export function onOrphaned(callback: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, 1_000);
  timer.unref();
}
