import * as z from "zod";
import { name, rule, secretKey, secretName } from "./schema.ts";

/** How a resource takes over from an installation that was made by hand. */
export const adoptionSpec = z
  .strictObject({
    apiKeys: z
      .strictObject({
        name: secretName(),
        key: secretKey().optional().describe("Key in the Secret. Default: MCP_API_KEYS."),
        permissions: z
          .array(z.string().min(1).max(128))
          .max(100)
          .optional()
          .describe(
            'Permissions of keys for which the Secret names none. Default: none; ["*"] is what co8/cctelegram gave them.',
          )
          .meta({ "x-kubernetes-list-type": "set" }),
      })
      .optional()
      .describe(
        "Secret whose API keys the servers accept in addition to those of server.auth.clients: the JSON object of MCP_API_KEYS, or keys separated by commas (API_KEYS).",
      ),
    services: z
      .array(
        z.strictObject({
          name: name(63).describe("Name of the Service."),
          port: z.int().min(1).max(65_535).describe("Its port on which clients call the MCP server."),
        }),
      )
      .min(1)
      .max(10)
      .optional()
      .describe(
        "Services that lead to the servers of this resource as soon as these are ready. Each has to be handed over by the annotation cctelegram.io/adopt, and is deleted with this resource or this entry.",
      )
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] }),
  })
  .meta(
    rule("has(self.apiKeys) || has(self.services)", "adoption must name what is taken over: apiKeys, services or both"),
  );
