import { ServerError } from "../../../contract/errors.ts";
import type { Era } from "./era.ts";

/** What a client may send before a session has begun (MCP 2025-11-25, Lifecycle). */
const withoutSession: ReadonlySet<string> = new Set(["initialize", "ping"]);

/** Of 2025-11-25 and before; replaced by -32602 later. */
const resourceNotFound = -32002;

/** MCP 2025-11-25 and before: `initialize` agrees on the terms of all later requests. */
export const handshake: Era = {
  name: "handshake",
  termsOf({ method }, { session, declaredVersion }) {
    if (session !== undefined) return session;
    if (!withoutSession.has(method)) throw new ServerError("SESSION_REQUIRED");
    return { version: declaredVersion ?? "", capabilities: {} };
  },
  dress: (result) => result,
  codeOf: ({ code, entry }) => (code === "RESOURCE_NOT_FOUND" ? resourceNotFound : entry.jsonRpcCode),
};
