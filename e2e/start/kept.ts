import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { cacheRoot } from "../../machine/cache-root.mjs";

/** Says what stays on the machine, and where. */
export function kept(root: string = cacheRoot(), home: string = homedir()): string {
  const shown = root.startsWith(`${home}/`) ? `~${root.slice(home.length)}` : root;
  const built = existsSync(root) ? `, what was built in ${shown}` : "";
  return `Everything has been ended and removed. Kept for the next time: node_modules${built}, and what npm, Go and apt keep themselves.`;
}
