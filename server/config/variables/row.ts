import type { Variable } from "../../../config/variable.ts";
import type { Role } from "../../../contract/roles.ts";

/** Freezes a row of the table and keeps its type. */
export const define = <const Row extends Variable<Role>>(row: Row): Row => Object.freeze(row);

/** The roles that answer clients. */
export const serving = ["serve", "standalone"] as const;

/** Those, and the one that answers the client which started it. */
export const answering = ["serve", "standalone", "stdio"] as const;

/** The roles that deliver to Telegram. */
export const bridging = ["bridge", "standalone", "stdio"] as const;

/** Those of them in which others may reach the bridge. */
export const reachable = ["bridge", "standalone"] as const;

/** Those that may reach machines elsewhere through a proxy. */
export const outgoing = [...bridging, "backup", "restore"] as const;
