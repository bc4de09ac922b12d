import * as z from "zod";
import { bannableAddress } from "../access/address.ts";
import { defineTool } from "./tool.ts";

export const liftBan = defineTool({
  name: "lift_ban",
  title: "Lift a ban",
  description:
    "End the bans of an address, as list_bans shows it, on every server. Whoever goes on as before is banned again.",
  permission: "lift_ban",
  rest: ["POST"],
  cost: 1,
  input: z.object({
    address: z
      .string()
      .max(80)
      .refine((text) => bannableAddress(text) !== undefined, "an IP address, or an IPv6 network such as 2001:db8::/64")
      .describe("An IP address, or an IPv6 network of 64 bits"),
  }),
  output: z.object({
    success: z.boolean(),
    lifted_count: z.number().describe("On the server that answers"),
    message: z.string(),
  }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  async handler({ address }, { banOffice, client }) {
    const { count, isTold } = (await banOffice?.lift(bannableAddress(address) ?? address, client.name)) ?? {
      count: 0,
      isTold: true,
    };
    const here = count === 0 ? `${address} is not banned on this server.` : `${count} ban(s) of ${address} lifted.`;
    const others = isTold
      ? "The other servers were told, too."
      : "The other servers could not be told, because the bridge does not answer: call this again.";
    return { success: isTold, lifted_count: count, message: `${here} ${others}` };
  },
});
