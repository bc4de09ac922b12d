import * as z from "zod";
import { logLevels } from "../../features/interaction.ts";
import { defineMethod } from "../define-method.ts";

/** From when on messages of the log are sent to the session (MCP 2025-11-25, Logging). */
export const loggingSetLevel = defineMethod({
  name: "logging/setLevel",
  eras: ["handshake"],
  params: z.object({ level: z.enum(logLevels) }),
  capabilities: { logging: {} },
  async handle({ level }, { session, notices }) {
    if (session !== undefined) await notices.tell(session, { kind: "level", level });
    return {};
  },
});
