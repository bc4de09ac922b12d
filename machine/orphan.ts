/**
 * Calls back when the parent process has ended without telling this one, as after kill -9. It does not keep the process alive.
 * It stops with the process.
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
