import * as z from "zod";
import { delay, flag, host, integer, list, milliseconds, port, text, timeZone, url } from "../../../config/schemas.ts";
import { updatesModes } from "../../../contract/bridge-status.ts";
import { chatSchema, mostChats, mostRoutes, routeSchema } from "../../../contract/chats.ts";
import { ports } from "../../../contract/ports.ts";
import { quietHoursSchema } from "../../../contract/quiet-hours.ts";
import { messageStyle } from "../../bridge/formatting/style.ts";
import { bridging, define, outgoing, reachable } from "./row.ts";

const positive = z
  .string()
  .regex(/^\d+(\.\d+)?$/, "a number above 0")
  .transform(Number)
  .refine((value) => value > 0, "a number above 0");
// The Bot API promises ids of at most 52 significant bits.
const isChatId = (id: string) => /^-?\d{1,16}$/.test(id) && Math.abs(Number(id)) < 2 ** 52;
const users = list
  .refine((ids) => ids.length > 0 && ids.every(isChatId), "Telegram ids, separated by commas")
  .transform((ids) => [...new Set(ids.map(Number))]);

/** A JSON text, read by a schema; its first problem is told with its place. */
const json = <Value>(schema: z.ZodType<Value>) =>
  z.string().transform((value, context) => {
    const read = schema.safeParse(jsonOf(value));
    if (read.success) return read.data;
    const { path = [], message } = read.error.issues[0] ?? {};
    const where = path.length === 0 ? "" : ` (${path.join(".")}: ${message})`;
    context.addIssue({ code: "custom", message: `a JSON list as in the example${where}` });
    return z.NEVER;
  });

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const proxy = z
  .string()
  // As curl: a proxy without a scheme speaks HTTP.
  .transform((value) => (value.includes("://") ? value : `http://${value}`))
  .refine((value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ""), "the http or https URL of a proxy");

/** Variables of the bridge. */
export const bridgeVariables = Object.freeze({
  BRIDGE_HOST: define({
    roles: reachable,
    schema: host,
    default: { bridge: "::", standalone: "127.0.0.1" },
    description: "Address of the bridge; :: takes IPv6 and IPv4.",
    example: "::",
  }),
  BRIDGE_PORT: define({
    roles: reachable,
    schema: port,
    default: { bridge: `${ports.bridge}`, standalone: "0" },
    description: "Port of the bridge; 0 takes any free one.",
    example: `${ports.bridge}`,
  }),
  TELEGRAM_BOT_TOKEN: define({
    roles: bridging,
    schema: z.string().regex(/^\d+:[A-Za-z0-9_-]{20,}$/, "a bot token as BotFather gives it"),
    required: reachable,
    file: "followed",
    description: "Token of the bot. The file is read again when it changes.",
    example: "123456789:AAExampleExampleExampleExampleExample",
  }),
  TELEGRAM_ALLOWED_USERS: define({
    roles: bridging,
    schema: users,
    required: reachable,
    description: "Telegram ids of those who receive every message, separated by commas.",
    example: "123456789,987654321",
  }),
  TELEGRAM_CHATS: define({
    roles: bridging,
    schema: json(z.array(chatSchema).max(mostChats)),
    default: "[]",
    description:
      "Further chats, for TELEGRAM_ROUTES, as a JSON list: each has a name and the id of a person, group or channel, or the @name of a public group or channel, and may have the topic of a group.",
    example: '[{"name":"ops","id":-1001234567890,"topic":7},{"name":"news","id":"@team_news"}]',
  }),
  TELEGRAM_ROUTES: define({
    roles: bridging,
    schema: json(z.array(routeSchema).max(mostRoutes)),
    default: "[]",
    description:
      "Which events go to which chats, as a JSON list: eventTypes, sources, severities and clients say which events, * stands for any text. The first that matches decides; what none matches goes to TELEGRAM_ALLOWED_USERS, which allowedUsers stands for.",
    example: '[{"severities":["critical"],"chats":["ops","allowedUsers"]},{"eventTypes":["build_*"],"chats":["news"]}]',
  }),
  TELEGRAM_ADMINS: define({
    roles: bridging,
    schema: users.refine((ids) => ids.every((id) => id > 0), "Telegram ids of people, separated by commas"),
    description:
      "Those of TELEGRAM_ALLOWED_USERS who may give the bot the commands that are for administrators, separated by commas. Unset: all of them.",
    example: "123456789",
  }),
  TELEGRAM_PAIRING: define({
    roles: bridging,
    schema: z.enum(["Code", "None"]),
    default: "None",
    description:
      "How further people may come to talk to the bot. Code: it tells them a code, which an administrator confirms with /pair or the tool pair_person. They get no messages by that. None: those of TELEGRAM_ALLOWED_USERS alone.",
    example: "Code",
  }),
  BRIDGE_FENCED: define({
    roles: reachable,
    schema: flag,
    default: "false",
    description:
      "Ask Telegram nothing: messages are accepted and kept, and what people say waits at Telegram, until the bridge starts without this.",
    example: "true",
  }),
  TELEGRAM_UPDATES: define({
    roles: bridging,
    schema: z.enum(updatesModes),
    default: { bridge: "None", standalone: "Polling", stdio: "Polling" },
    description:
      "How the bridge hears what people say to the bot: Polling asks Telegram, Webhook lets Telegram call TELEGRAM_WEBHOOK_URL. Only one program may do either for a bot.",
    example: "Polling",
  }),
  TELEGRAM_WEBHOOK_URL: define({
    roles: reachable,
    schema: url,
    description:
      "https URL at which Telegram reaches the bridge's /telegram/updates; needed for TELEGRAM_UPDATES=Webhook. It may be http if TELEGRAM_API_URL is a Bot API server of your own.",
    example: "https://bot.example.com/telegram/updates",
  }),
  TELEGRAM_WEBHOOK_PORT: define({
    roles: reachable,
    schema: port,
    description:
      "Port of the bridge that takes Telegram's calls at the path of TELEGRAM_WEBHOOK_URL, and nothing else, so that a proxy in front reaches nothing else either. Without it BRIDGE_PORT takes them at /telegram/updates.",
    example: `${ports.updates}`,
  }),
  WEBHOOK_URL: define({
    roles: bridging,
    schema: url,
    description:
      "URL that the bridge calls when an approval is over, until the receiver answers with 2xx, for about a day. Redirects are not followed.",
    example: "https://ci.example.com/webhook/responses",
  }),
  WEBHOOK_SECRET: define({
    roles: bridging,
    schema: z.string().min(16, "at least 16 characters"),
    file: "content",
    description:
      "Signs the calls of WEBHOOK_URL: X-CCTelegram-Signature is sha256= and the HMAC-SHA-256, in hex, of X-CCTelegram-Timestamp, a dot and the body.",
    example: "a-secret-of-at-least-32-characters!",
  }),
  TELEGRAM_QUIET_HOURS: define({
    roles: bridging,
    schema: quietHoursSchema,
    description:
      "Time of each day in which messages make no sound, or of the days on which it begins: 22:00-07:00 Fri,Sat. People can set another for themselves.",
    example: "22:00-07:00",
  }),
  CC_TELEGRAM_TIMEZONE: define({
    roles: bridging,
    schema: timeZone,
    default: "UTC",
    description: "IANA name of the time zone whose clock counts for quiet hours, and in which messages tell times.",
    example: "Europe/Berlin",
  }),
  CC_TELEGRAM_MESSAGE_STYLE: define({
    roles: bridging,
    schema: messageStyle,
    default: "concise",
    description:
      "How much messages tell: concise is the description and what matters most of the type, detailed also the time and what else the event says. verbose and full are detailed, too.",
    example: "detailed",
  }),
  TELEGRAM_API_URL: define({
    roles: bridging,
    schema: url,
    default: "https://api.telegram.org",
    description: "Root of the Bot API.",
    example: "https://api.telegram.org",
  }),
  HTTPS_PROXY: define({
    roles: outgoing,
    schema: proxy,
    aliases: [{ name: "https_proxy" }],
    description:
      "Proxy through which the Bot API, the server at CCTELEGRAM_URL, and the store of backups are reached at an https URL. Nothing else goes through it.",
    example: "http://proxy.example.com:3128",
  }),
  HTTP_PROXY: define({
    roles: outgoing,
    schema: proxy,
    aliases: [{ name: "http_proxy" }],
    description:
      "Proxy through which the same are reached at an http URL, and without HTTPS_PROXY at an https URL, too.",
    example: "http://proxy.example.com:3128",
  }),
  NO_PROXY: define({
    roles: outgoing,
    schema: text,
    aliases: [{ name: "no_proxy" }],
    description: "Host names that need no proxy, with what is below them, separated by commas; * for all.",
    example: "localhost,.svc,telegram-bot-api.example.com",
  }),
  TELEGRAM_API_TIMEOUT: define({
    roles: bridging,
    schema: milliseconds,
    default: "30000",
    description: "Milliseconds that one request to the Bot API may take.",
    example: "30000",
  }),
  TELEGRAM_RATE_LIMIT_GLOBAL: define({
    roles: bridging,
    schema: positive,
    default: "30",
    description: "Messages per second to all chats together.",
    example: "30",
  }),
  TELEGRAM_RATE_LIMIT_PER_CHAT: define({
    roles: bridging,
    schema: positive,
    default: "1",
    description: "Messages per second to one chat.",
    example: "1",
  }),
  CC_TELEGRAM_DATA_DIR: define({
    roles: [...bridging, "restore"],
    schema: text,
    default: {
      bridge: "/var/lib/cctelegram",
      standalone: "~/.cctelegram",
      stdio: "~/.cctelegram",
      restore: "/var/lib/cctelegram",
    },
    aliases: [{ name: "DATA_DIR" }],
    description: "Directory of the queue; it must survive restarts.",
    example: "/var/lib/cctelegram",
  }),
  EVENTS_DIR: define({
    roles: bridging,
    schema: text,
    aliases: [{ name: "CC_TELEGRAM_EVENTS_DIR" }],
    description:
      "Folder into which programs write events as JSON files, as co8/cctelegram's do. A file is deleted when its event is in the queue; one that is no event goes into rejected/ with the reason beside it. Not set: none.",
    example: "/var/lib/cctelegram/events",
  }),
  CC_TELEGRAM_RESPONSES_DIR: define({
    roles: bridging,
    schema: text,
    description:
      "Folder into which what people say is written as JSON files, with co8/cctelegram's names and fields. Whoever reads them deletes them. Not set: none.",
    example: "/var/lib/cctelegram/responses",
  }),
  QUEUE_SIZE_LIMIT: define({
    roles: bridging,
    schema: integer(1, 10_000_000),
    default: "10000",
    description: "Undelivered messages above which new events are refused (none is ever dropped).",
    example: "10000",
  }),
  QUEUE_BYTES_LIMIT: define({
    roles: bridging,
    schema: integer(65_536, 1_099_511_627_776),
    default: "268435456",
    description: "Bytes of undelivered messages above which new events are refused.",
    example: "268435456",
  }),
  QUEUE_CLIENT_SHARE: define({
    roles: bridging,
    schema: integer(1, 100),
    default: "25",
    description:
      "Percentage of both limits of the queue that one client's messages may take; its further events are refused.",
    example: "25",
  }),
  MESSAGE_BATCH_SIZE: define({
    roles: bridging,
    schema: integer(1, 30),
    default: "10",
    description: "Messages on their way to Telegram at the same time, and begun in one write to the disk.",
    example: "10",
  }),
  RETRY_MAX_ATTEMPTS: define({
    roles: bridging,
    schema: integer(1, 1_000),
    aliases: [{ name: "TELEGRAM_RETRY_ATTEMPTS" }],
    description:
      "Tries of one message after which it is given up and kept as refused, if Telegram answers and fails at it. Waiting that Telegram asks for, outages and a refused token do not count. Default: it is tried until Telegram takes it or refuses it for good.",
    example: "100",
  }),
  CIRCUIT_BREAKER_THRESHOLD: define({
    roles: bridging,
    schema: integer(1, 1_000),
    default: "5",
    description:
      "Failures in a row of one kind (connection, timeout, server error) with which sending stops; after 1 to 60 s one message finds out whether it is over.",
    example: "5",
  }),
  DEDUPLICATION_WINDOW: define({
    roles: bridging,
    schema: delay,
    default: "0",
    description:
      "Time in milliseconds for which an event that says the same as another one of its client is not sent again; 0 sends it. An event with the same id is never sent again.",
    example: "60000",
  }),
});
