import { z } from "zod";
import { flag, list, url } from "../../../config/schemas.ts";
import { isLoopback } from "../../listening/web-access.ts";
import { define, serving } from "./row.ts";
import { basePath } from "./web.ts";

const secureAdvice =
  "an https URL without a user name, a query and a fragment; http is for a server on this machine, under a loopback address";

/** Whoever can change what is read there decides who may call. */
const secureUrl = z
  .string()
  .max(500)
  .refine((value) => isSecure(URL.parse(value)), secureAdvice);

function isSecure(parsed: URL | null): boolean {
  if (parsed === null || parsed.username + parsed.password + parsed.search + parsed.hash !== "") return false;
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  return parsed.protocol === "https:" || (parsed.protocol === "http:" && isLoopback(host));
}

const resource = url.refine(
  (value) => basePath.safeParse(URL.parse(value)?.pathname).success,
  "an http or https URL without a user name, a query and a fragment, whose path is of letters, digits, '-', '_', '.' and '~'",
);

/** Characters of scopes (RFC 6749, 3.3). */
const prefix = z
  .string()
  .regex(
    /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/,
    "1 to 64 characters of a scope: ASCII without blanks, quotes and backslashes",
  )
  .transform((value) => (value === "none" ? "" : value));

const permissions = list.refine(
  (values) => values.every((value) => value === "*" || /^[a-z0-9_:.-]{1,128}$/i.test(value)),
  "permissions such as send_telegram_message, separated by commas",
);

/** Variables of the server as one that takes access tokens of OAuth. */
export const oauthVariables = Object.freeze({
  MCP_ENABLE_API_KEYS: define({
    roles: serving,
    schema: flag,
    default: "true",
    description:
      "Take API keys. Off: only access tokens count, and no keys are needed; MCP_OAUTH_ISSUER has to be set.",
    example: "true",
  }),
  MCP_OAUTH_ISSUER: define({
    roles: serving,
    schema: secureUrl,
    description:
      "Issuer of the access tokens that are taken beside API keys, exactly as it stands in them, slashes included. Unset: API keys alone.",
    example: "https://auth.example.com/realms/team",
  }),
  MCP_OAUTH_RESOURCE: define({
    roles: serving,
    schema: resource,
    description:
      "URL under which clients reach MCP. A token counts only if it was made for it: its aud has to have this URL.",
    example: "https://mcp.example.com/mcp",
  }),
  MCP_OAUTH_JWKS_URL: define({
    roles: serving,
    schema: secureUrl,
    description: "Where the issuer's public keys are. Unset: where its metadata says, on the issuer's own origin.",
    example: "https://auth.example.com/realms/team/protocol/openid-connect/certs",
  }),
  MCP_OAUTH_SCOPE_PREFIX: define({
    roles: serving,
    schema: prefix,
    default: "cctelegram:",
    description:
      "What stands in front of a permission in a scope: cctelegram:send_telegram_message permits send_telegram_message. none: scopes are the permissions themselves.",
    example: "cctelegram:",
  }),
  MCP_OAUTH_ALLOW_ALL: define({
    roles: serving,
    schema: flag,
    default: "false",
    description: "Whether the scope cctelegram:*, with that prefix, permits everything.",
    example: "false",
  }),
  MCP_OAUTH_OFFERED_PERMISSIONS: define({
    roles: serving,
    schema: permissions,
    description:
      "Permissions for whose scopes clients are told to ask, separated by commas. Unset: every tool's but those that control the bridge, delete or lift bans.",
    example: "send_telegram_message,send_approval_request,get_bridge_status",
  }),
});
