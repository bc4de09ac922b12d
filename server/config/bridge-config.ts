import type { BridgeConfig, UpdatesConfig, WebhookConfig } from "../bridge/config.ts";
import type { ProxyConfig } from "../outgoing/outgoing-fetch.ts";
import type { HmacConfig } from "../process/followed-secrets.ts";
import type { Need } from "./need.ts";
import { inHome } from "./rules.ts";
import type { Values } from "./variables.ts";

/** The proxy for requests to machines elsewhere; undefined: none. */
export function proxyConfig({ HTTP_PROXY: http, HTTPS_PROXY: https, NO_PROXY: none }: Values): ProxyConfig | undefined {
  if (http === undefined && https === undefined) return undefined;
  return { ...(http && { http }), ...(https && { https }), ...(none && { none }) };
}

/** What delivers to Telegram, by its variables. */
export function bridgeConfig(need: Need, hmac: HmacConfig, values: Values, home: string | undefined): BridgeConfig {
  const proxy = proxyConfig(values);
  const { value: token, path: tokenFile } = need("TELEGRAM_BOT_TOKEN");
  return {
    ...(values.BRIDGE_PORT === undefined
      ? { host: "", port: 0, isHidden: true }
      : { host: need("BRIDGE_HOST"), port: values.BRIDGE_PORT }),
    dataDir: need("CC_TELEGRAM_DATA_DIR").replace(inHome, home ?? "~"),
    ...(values.BRIDGE_FENCED && { isFenced: true }),
    ...(values.CC_TELEGRAM_LOGS_DIR && { logsDir: values.CC_TELEGRAM_LOGS_DIR.replace(inHome, home ?? "~") }),
    ...(values.EVENTS_DIR && { eventsDir: values.EVENTS_DIR.replace(inHome, home ?? "~") }),
    ...(values.CC_TELEGRAM_RESPONSES_DIR && {
      responsesDir: values.CC_TELEGRAM_RESPONSES_DIR.replace(inHome, home ?? "~"),
    }),
    queueSizeLimit: need("QUEUE_SIZE_LIMIT"),
    queueBytesLimit: need("QUEUE_BYTES_LIMIT"),
    clientSharePercent: need("QUEUE_CLIENT_SHARE"),
    deduplicationMs: need("DEDUPLICATION_WINDOW"),
    hmac,
    ...(values.WEBHOOK_URL !== undefined && { webhook: webhookConfig(values.WEBHOOK_URL, values) }),
    telegram: {
      token,
      ...(tokenFile && { tokenFile }),
      allowedUsers: need("TELEGRAM_ALLOWED_USERS"),
      chats: need("TELEGRAM_CHATS"),
      routes: need("TELEGRAM_ROUTES"),
      ...(values.TELEGRAM_ADMINS && { admins: values.TELEGRAM_ADMINS }),
      pairing: need("TELEGRAM_PAIRING"),
      apiUrl: need("TELEGRAM_API_URL"),
      ...(proxy && { proxy }),
      apiTimeoutMs: need("TELEGRAM_API_TIMEOUT"),
      messagesPerSecond: need("TELEGRAM_RATE_LIMIT_GLOBAL"),
      messagesPerChatPerSecond: need("TELEGRAM_RATE_LIMIT_PER_CHAT"),
      parallel: need("MESSAGE_BATCH_SIZE"),
      breakerThreshold: need("CIRCUIT_BREAKER_THRESHOLD"),
      ...(values.RETRY_MAX_ATTEMPTS !== undefined && { mostFailures: values.RETRY_MAX_ATTEMPTS }),
      ...(values.TELEGRAM_QUIET_HOURS && { quietHours: values.TELEGRAM_QUIET_HOURS }),
      timeZone: need("CC_TELEGRAM_TIMEZONE"),
      messageStyle: need("CC_TELEGRAM_MESSAGE_STYLE"),
      updates: updatesConfig(need, values),
    },
  };
}

function webhookConfig(url: string, { WEBHOOK_SECRET: secret }: Values): WebhookConfig {
  return secret === undefined ? { url } : { url, secret };
}

function updatesConfig(need: Need, { TELEGRAM_WEBHOOK_PORT: port }: Values): UpdatesConfig {
  const mode = need("TELEGRAM_UPDATES");
  if (mode !== "Webhook") return { mode };
  return { mode, url: need("TELEGRAM_WEBHOOK_URL"), ...(port !== undefined && { port }) };
}
