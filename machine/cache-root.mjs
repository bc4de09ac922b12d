/** Plain JavaScript: setup.mjs uses it before any package is installed, on Node 20. */
import { homedir } from "node:os";
import { join } from "node:path";

/** Where builds are kept between runs, outside the checkout so that a new clone can use them. */
export function cacheRoot(env = process.env, home = homedir()) {
  if (env.CCTELEGRAM_CACHE) return env.CCTELEGRAM_CACHE;
  return join(env.XDG_CACHE_HOME || join(home, ".cache"), "cctelegram");
}
