import * as z from "zod";
import { name, rule, rules } from "./schema.ts";

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
      // The bridge accepts ids of at most 15 digits; those of supergroups have 13.
      .array(z.int().min(-999_999_999_999_999).max(999_999_999_999_999))
      .min(1)
      .max(100)
      .describe("Telegram ids of people, or of groups (negative). Every event is sent to each of them.")
      .meta({
        "x-kubernetes-list-type": "set",
        ...rule("self.all(id, id != 0)", "allowedUsers must be ids of people, or of groups (negative): 0 is neither"),
      }),
    updates: z
      .enum(["Polling", "Webhook", "None"])
      .optional()
      .describe(
        "How what people say to the bot is received. Polling: the bridge asks Telegram. Webhook: Telegram calls the bridge through the exposure, of mode Ingress or HTTPRoute with https. None: it only sends. Of the resources with the same bot token only the oldest receives; the condition Receiving of the others names it. Default: None.",
      ),
    apiUrl: z
      .string()
      .min(1)
      .max(2048)
      .optional()
      .describe(
        "Base URL of the Bot API. Default: telegram.apiUrl of the operator's chart, else https://api.telegram.org.",
      )
      .meta(
        rules(
          {
            rule: "isURL(self) && url(self).getScheme() in ['http', 'https']",
            message: "apiUrl must be an http or https URL, for example https://api.telegram.org",
          },
          {
            rule: "!self.matches('^[^/?#]*//[^/?#]*@')",
            message: "apiUrl must hold no user name or password: it is shown in logs and in the status",
          },
          {
            rule: "!self.matches('[?#]')",
            message: "apiUrl must have no query and no fragment: paths are appended to it",
          },
        ),
      ),
  })
  .describe("The bot, and the recipients of its messages.");
