import * as z from "zod";
import { endTime, startTime, weekdays } from "../../contract/quiet-hours.ts";
import { routesRule, telegramChats, telegramRoutes } from "./chats.ts";
import { rule, rules, secretKey, secretName, timeZone } from "./schema.ts";

export const telegramSpec = z
  .strictObject({
    botTokenSecretRef: z
      .strictObject({
        name: secretName(),
        key: secretKey().default("token").describe("Key inside the Secret that holds the token."),
      })
      .describe("The bot token that @BotFather issued. The bridge reads it again when the Secret changes."),
    allowedUsers: z
      // The bridge accepts ids of at most 15 digits; those of supergroups have 13.
      .array(z.int().min(-999_999_999_999_999).max(999_999_999_999_999))
      .min(1)
      .max(100)
      .describe(
        "Telegram ids of people, or of groups (negative). Every event that no route matches is sent to each of them. Of the people among them the bridge takes answers.",
      )
      .meta({
        "x-kubernetes-list-type": "set",
        ...rule("self.all(id, id != 0)", "allowedUsers must be ids of people, or of groups (negative): 0 is neither"),
      }),
    chats: telegramChats.optional(),
    routes: telegramRoutes.optional(),
    admins: z
      .array(z.int().min(1).max(999_999_999_999_999))
      .max(100)
      .optional()
      .describe(
        "Telegram ids of those allowedUsers who may give the bot the commands that are for administrators. Default: all of them.",
      )
      .meta({ "x-kubernetes-list-type": "set" }),
    pairing: z
      .enum(["Code", "None"])
      .optional()
      .describe(
        "How further people may come to talk to the bot. Code: it tells them a code, which an administrator confirms with /pair, the tool pair_person or the annotation cctelegram.io/pair. They get no messages by that. None: allowedUsers alone. Default: None.",
      ),
    updates: z
      .enum(["Polling", "Webhook", "None"])
      .optional()
      .describe(
        "How what people say to the bot is received. Polling: the bridge asks Telegram. Webhook: Telegram calls the bridge through the exposure, of mode Ingress or HTTPRoute with https. None: it only sends. Of the resources with the same bot token only the oldest receives; the condition Receiving of the others names it. Default: None.",
      ),
    quietHours: z
      .strictObject({
        start: z.string().min(5).max(5).regex(startTime).describe("When it begins, such as 22:00."),
        end: z.string().min(5).max(5).regex(endTime).describe("When it ends, such as 07:00, or 24:00."),
        days: z
          .array(z.enum(weekdays))
          .min(1)
          .max(weekdays.length)
          .optional()
          .describe("The days on which it begins. Default: every day.")
          .meta({ "x-kubernetes-list-type": "set" }),
      })
      .optional()
      .describe(
        "Time in which messages make no sound, by the clock of timeZone; one that ends before it begins goes over midnight. People can set another for themselves.",
      )
      .meta(rules({ rule: "self.start != self.end", message: "quietHours must end at another time than it begins" })),
    timeZone: timeZone()
      .optional()
      .describe(
        "IANA name of the time zone whose clock counts for quietHours, and in which messages tell times, such as Europe/Berlin. Default: UTC.",
      )
      .meta(
        rules({
          // A name that the API server does not know is an error of the expression, and so refused.
          rule: "self != 'Local' && timestamp('2026-01-01T00:00:00Z').getHours(self) >= 0",
          message: "timeZone must be the IANA name of a time zone, such as Europe/Berlin",
        }),
      ),
    messageStyle: z
      .enum(["concise", "detailed"])
      .optional()
      .describe(
        "How much messages tell. concise: the description and what matters most of the type. detailed: also the time, and what else the event says. Default: concise.",
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
  .describe("The bot, and the recipients of its messages.")
  .meta(
    rules(routesRule, {
      rule: "!has(self.admins) || self.admins.all(id, id in self.allowedUsers)",
      message: "admins must be among allowedUsers: whoever may not talk to the bot cannot give it commands",
    }),
  );
