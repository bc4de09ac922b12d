import { ServerError } from "../../../contract/errors.ts";
import type { Era } from "./era.ts";

/** Of 2025-11-25 and before; replaced by -32602 later. */
const resourceNotFound = -32002;

/** MCP 2025-11-25 and before: `initialize` agrees on the terms of all later requests. */
export const handshake: Era = {
  name: "handshake",
  termsOf({ method }, { session, declaredVersion, isConnection }) {
    if (session !== undefined) return session;
    const mayComeFirst = method === "initialize" || (method === "ping" && isConnection);
    if (!mayComeFirst) throw new ServerError("SESSION_REQUIRED");
    return { version: declaredVersion ?? "", capabilities: {} };
  },
  dress: (result) => result,
  codeOf: ({ code, entry }) => (code === "RESOURCE_NOT_FOUND" ? resourceNotFound : entry.jsonRpcCode),
};
