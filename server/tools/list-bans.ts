import * as z from "zod";
import { banReasons } from "../../contract/metric-names.ts";
import { defineTool } from "./tool.ts";

export const listBans = defineTool({
  name: "list_bans",
  title: "List bans",
  description:
    "Show which addresses this server refuses for some time, the newest first: those that too many wrong keys came from, and keys that too often went on after their limit. Each server pod has bans of its own.",
  permission: "list_bans",
  rest: ["GET", "POST"],
  cost: 1,
  input: z.object({ limit: z.number().int().min(1).max(1000).default(100).describe("Bans to show at most") }),
  output: z.object({
    total: z.number(),
    bans: z.array(
      z.object({
        address: z.string().describe("An address, or an IPv6 network of 64 bits"),
        reason: z.enum(banReasons),
        client: z.string().nullable().describe("Whose key is refused there; null: requests without a valid key are"),
        since: z.string().describe("ISO 8601"),
        until: z.string().describe("ISO 8601"),
      }),
    ),
  }),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  async handler({ limit }, { banOffice }) {
    const bans = banOffice?.list() ?? [];
    const shown = bans.slice(0, limit).map(({ address, reason, client = null, since, until }) => ({
      ...{ address, reason, client },
      since: new Date(since).toISOString(),
      until: new Date(until).toISOString(),
    }));
    return { total: bans.length, bans: shown };
  },
});
