import { text, url } from "../../../config/schemas.ts";
import { sessionNameSchema } from "../../../contract/sessions.ts";
import { define } from "./row.ts";

/** Variables of the stdio role: as a client of a server elsewhere, and what its client is called. */
export const remoteVariables = Object.freeze({
  CCTELEGRAM_URL: define({
    roles: ["stdio"],
    schema: url,
    description:
      "URL of a server that answers instead, with or without /mcp at its end. Unset: this process delivers by itself, and needs what the bridge needs.",
    example: "https://mcp.example.com/mcp",
  }),
  CCTELEGRAM_API_KEY: define({
    roles: ["stdio"],
    schema: text,
    file: "content",
    description: "API key of that server.",
    example: "0123456789abcdef0123456789abcdef",
  }),
  CCTELEGRAM_SESSION: define({
    roles: ["stdio"],
    schema: sessionNameSchema,
    description:
      "Name under which people on Telegram talk to the client's session, which is then a channel of Claude Code. Unset: they do not, unless the client calls register_session.",
    example: "api",
  }),
});
