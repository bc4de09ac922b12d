import type { Chat, Route } from "../../contract/chats.ts";
import type { QuietHours } from "../../contract/quiet-hours.ts";
import type { ProxyConfig } from "../outgoing/outgoing-fetch.ts";
import type { HmacConfig } from "../process/followed-secrets.ts";
import type { MessageStyle } from "./formatting/style.ts";

/** What the bridge needs to know, already validated: built from the environment by `server/config/config.ts`. */
export type BridgeConfig = {
  readonly host: string;
  /** TCP port of the intake; 0 = any free port. */
  readonly port: number;
  /** Only its own process reaches it: it listens nowhere. Default: false. */
  readonly isHidden?: boolean;
  /** It asks Telegram nothing: what is accepted is kept. Default: false. */
  readonly isFenced?: boolean;
  /** Directory of `queue.sqlite`; must survive restarts. */
  readonly dataDir: string;
  /** Directory of log files, which backups have the last days of. Absent: there are none. */
  readonly logsDir?: string;
  /** Undelivered messages above which events are refused (never dropped). */
  readonly queueSizeLimit: number;
  /** Bytes of undelivered messages above which events are refused. */
  readonly queueBytesLimit: number;
  /** Percentage of both limits that one client may hold. */
  readonly clientSharePercent: number;
  /** For how long what says the same is not sent again, in milliseconds. Default: 0. */
  readonly deduplicationMs?: number;
  /** Folder into which programs write events as files. Absent: none. */
  readonly eventsDir?: string;
  /** Folder into which what people say is written as files. Absent: none. */
  readonly responsesDir?: string;
  /** Shared secrets of the signed routes; "" makes the HTTP intake refuse every signed request. */
  readonly hmac: HmacConfig;
  readonly telegram: TelegramConfig;
  /** Who is called when an approval is over. Absent: nobody. */
  readonly webhook?: WebhookConfig;
};

export type WebhookConfig = {
  readonly url: string;
  /** It signs the calls. */
  readonly secret?: string;
};

export type TelegramConfig = {
  /** Used when `tokenFile` is absent. */
  readonly token: string;
  /** Read at start and again whenever its content changes. */
  readonly tokenFile?: string;
  /** What no route matches goes to each of these chats. */
  readonly allowedUsers: readonly number[];
  /** Further chats, for the routes; their names are unique. Default: none. */
  readonly chats?: readonly Chat[];
  /** The first that matches an event decides where it goes. They name only chats that exist. Default: none. */
  readonly routes?: readonly Route[];
  /** Those of them who are administrators. Absent or none: everybody who may talk to the bot. */
  readonly admins?: readonly number[];
  /** Code: new people are told a code, which an administrator confirms. Default: None. */
  readonly pairing?: "Code" | "None";
  /** Root of the Bot API, without a trailing slash and without the token. */
  readonly apiUrl: string;
  /** Time limit of one Bot API request, in milliseconds. */
  readonly apiTimeoutMs: number;
  /** Absent: the Bot API is asked directly. */
  readonly proxy?: ProxyConfig;
  readonly messagesPerSecond: number;
  readonly messagesPerChatPerSecond: number;
  /** Requests under way at the same time. Default: 10. */
  readonly parallel?: number;
  /** Failures of one kind in a row with which sending stops for a while. Default: 5. */
  readonly breakerThreshold?: number;
  /** Failures of one message after which it is given up. Default: it never is. */
  readonly mostFailures?: number;
  /** When nothing makes a sound, for everybody who has set nothing else. */
  readonly quietHours?: QuietHours;
  /** IANA name of the zone whose clock counts, and in which times are told. Default: UTC. */
  readonly timeZone?: string;
  /** How much messages tell. Default: concise. */
  readonly messageStyle?: MessageStyle;
  /** How the bridge hears what people say. Absent: not at all. */
  readonly updates?: UpdatesConfig;
};

export type UpdatesConfig =
  | { readonly mode: "None" }
  /** It asks Telegram. `pollSeconds`: the longest wait for an answer, 25 by default. */
  | { readonly mode: "Polling"; readonly pollSeconds?: number }
  /** Telegram calls it at this URL, which leads to `port`, where there is nothing else, and without it to the intake's. */
  | { readonly mode: "Webhook"; readonly url: string; readonly port?: number };
