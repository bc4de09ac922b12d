import * as z from "zod";
import { name, rule } from "./schema.ts";

export const telegramSpec = z
  .strictObject({
    botTokenSecretRef: z
      .strictObject({
        name: name(253).describe("Name of the Secret, in the namespace of this resource."),
        key: z
          .string()
          .min(1)
          .max(253)
          .regex(/^[-._a-zA-Z0-9]+$/)
          .default("token")
          .describe("Key inside the Secret that holds the token."),
      })
      .describe("The bot token that @BotFather issued. The bridge reads it again when the Secret changes."),
    allowedUsers: z
      // The bridge takes ids of at most 15 digits; Telegram's have ten.
      .array(z.int().min(1).max(999_999_999_999_999))
      .min(1)
      .max(100)
      .describe("Telegram user ids. Every event is delivered to each of them.")
      .meta({ "x-kubernetes-list-type": "set" }),
    apiUrl: z
      .string()
      .min(1)
      .max(2048)
      .optional()
      .describe("Base URL of the Bot API. Default: the operator's own setting, else https://api.telegram.org.")
      .meta(
        rule(
          "isURL(self) && url(self).getScheme() in ['http', 'https']",
          "apiUrl must be an http or https URL, for example https://api.telegram.org",
        ),
      ),
  })
  .describe("Which bot speaks, and to whom.");
