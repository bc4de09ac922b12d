import * as z from "zod";
import { delay, flag, host, integer, milliseconds, port, text, url } from "../../../config/schemas.ts";
import { ports } from "../../../contract/ports.ts";
import { shortestPassword } from "../../monitoring/password.ts";
import { answering, define, serving } from "./row.ts";
import { basePath, hostNames, networks, origins, tlsVersion } from "./web.ts";

/** Upstream gives this window in seconds; its own documents use milliseconds, which nobody means by 1000 or more. */
const secondsToMilliseconds = (value: string) => (Number(value) < 1000 ? String(Number(value) * 1000) : value);

/** Variables of the MCP and REST server. */
export const serverVariables = Object.freeze({
  SHUTDOWN_DELAY: define({
    roles: serving,
    schema: delay,
    default: { serve: "5000", standalone: "0" },
    description: "Milliseconds between not being ready and closing the port, so that load balancers notice first.",
    example: "5000",
  }),
  MCP_SERVER_HOST: define({
    roles: serving,
    schema: host,
    default: { serve: "::", standalone: "127.0.0.1" },
    description: "Address of the server; :: takes IPv6 and IPv4.",
    example: "::",
  }),
  MCP_SERVER_PORT: define({
    roles: serving,
    schema: port,
    default: `${ports.mcp}`,
    description: "Port of MCP, REST and health; 0 takes any free one.",
    example: `${ports.mcp}`,
  }),
  MCP_PROXY_PORT: define({
    roles: serving,
    schema: port,
    description:
      "A second port, for the proxy in front alone: X-Forwarded-For and X-Forwarded-Proto are believed of everybody who reaches it. Unset: none.",
    example: "8082",
  }),
  MCP_EXTERNAL_PORT: define({
    roles: serving,
    schema: port,
    description:
      "A port for callers from outside, which does not answer /health/detailed, /status and /report. Unset: none.",
    example: "8083",
  }),
  MCP_SECOND_PORT: define({
    roles: serving,
    schema: port,
    description:
      "A port on which MCP is at / as well as at /mcp, for proxies that take /mcp off; it does not answer /health/detailed, /status and /report. Unset: none.",
    example: "3000",
  }),
  TLS_CERT_PATH: define({
    roles: serving,
    schema: text,
    description:
      "File with the certificate, and those of its issuers, in PEM form: with it the ports of MCP, REST, health and the dashboard speak HTTPS, and nothing else. Read again when it changes. Unset: HTTP.",
    example: "/etc/ssl/certs/cctelegram.crt",
  }),
  TLS_KEY_PATH: define({
    roles: serving,
    schema: text,
    description: "File with the key of that certificate, in PEM form and without a passphrase.",
    example: "/etc/ssl/private/cctelegram.key",
  }),
  TLS_MIN_VERSION: define({
    roles: serving,
    schema: tlsVersion,
    default: "1.2",
    description: "Oldest version of TLS that clients may speak there.",
    example: "1.2",
  }),
  MONITORING_SERVER_PORT: define({
    roles: serving,
    schema: port,
    description: `Port of the dashboard for people who operate it, with /health; 0 takes any free one. Unset: ${ports.dashboard} when there is a MONITORING_PASSWORD, else there is no dashboard. Without a password it asks for an API key.`,
    example: `${ports.dashboard}`,
  }),
  MONITORING_SERVER_HOST: define({
    roles: serving,
    schema: host,
    description: "Address of the dashboard; :: takes IPv6 and IPv4. Unset: that of MCP_SERVER_HOST.",
    example: "127.0.0.1",
  }),
  MONITORING_PASSWORD: define({
    roles: serving,
    schema: z.string().min(shortestPassword, `at least ${shortestPassword} characters`),
    file: "followed",
    description:
      "Password of the user admin, who may look at the dashboard and change nothing. The file is read again when it changes.",
    example: "$(openssl rand -hex 16)",
  }),
  MCP_BASE_PATH: define({
    roles: serving,
    schema: basePath,
    default: "",
    description: "Path below which the routes are there, too, for a proxy that does not take it off.",
    example: "/telegram",
  }),
  MCP_ALLOWED_ORIGINS: define({
    roles: serving,
    schema: origins,
    default: "",
    description: "Origins of web pages that may call beside the server's own, separated by commas.",
    example: "https://tools.example.com",
  }),
  MCP_ALLOWED_HOSTS: define({
    roles: serving,
    schema: hostNames,
    default: "",
    description:
      "Names under which clients call, without port, separated by commas; loopback names and the server's own address always count. Unset, any name counts, unless keys are off or the address is a loopback one.",
    example: "mcp.example.com",
  }),
  MCP_TRUSTED_PROXIES: define({
    roles: serving,
    schema: networks,
    default: "",
    description:
      "Addresses of the proxies in front, separated by commas: their X-Forwarded-For is believed. A network such as 10.1.2.0/24 trusts everybody in it.",
    example: "10.1.2.3",
  }),
  MCP_ENABLE_AUTH: define({
    roles: serving,
    schema: flag,
    default: "true",
    description: "Require API keys. Off: anybody who reaches the port may call every tool.",
    example: "true",
  }),
  MCP_ALLOW_UNAUTHENTICATED: define({
    roles: serving,
    schema: flag,
    default: "false",
    description:
      "Run without keys also on an address that others can reach; MCP_ENABLE_AUTH=false alone is for loopback.",
    example: "false",
  }),
  MCP_API_KEYS: define({
    roles: serving,
    schema: text,
    file: "path",
    aliases: [{ name: "API_KEYS" }],
    description:
      "API keys as JSON, or plain keys separated by commas that may call every tool. A file of them is JSON, and is read again when it changes.",
    example: '{"KEY":{"name":"claude","permissions":["send_telegram_message"],"enabled":true}}',
  }),
  MCP_ENABLE_RATE_LIMIT: define({
    roles: serving,
    schema: flag,
    default: "true",
    description: "Limit requests of each client.",
    example: "true",
  }),
  MCP_RATE_LIMIT_REQUESTS: define({
    roles: serving,
    schema: integer(1, 1_000_000),
    default: "100",
    aliases: [{ name: "MCP_RATE_LIMIT_POINTS" }],
    description: "Requests of a client in a window, in each server process.",
    example: "100",
  }),
  MCP_RATE_LIMIT_GLOBAL_REQUESTS: define({
    roles: serving,
    schema: integer(0, 10_000_000),
    description:
      "Requests of all clients together in a window, in each server process; a client that has used less than its equal share of it is not refused. 0: not limited. Unset: ten times MCP_RATE_LIMIT_REQUESTS.",
    example: "1000",
  }),
  MCP_RATE_LIMIT_WINDOW: define({
    roles: serving,
    schema: milliseconds,
    default: "60000",
    aliases: [{ name: "MCP_RATE_LIMIT_DURATION", convert: secondsToMilliseconds }],
    description: "Length of the window in milliseconds.",
    example: "60000",
  }),
  MCP_RATE_LIMIT_BLOCK: define({
    roles: serving,
    schema: delay,
    default: "300000",
    description: "Milliseconds for which a client over the limit is refused.",
    example: "300000",
  }),
  MCP_ENABLE_BANS: define({
    roles: serving,
    schema: flag,
    default: "true",
    description:
      "Refuse for some time whoever failed too often: requests without a valid key from an address that sent many, and a key where it often went on after its limit. Bans are counted in each server process.",
    example: "true",
  }),
  MCP_BAN_FAILURES: define({
    roles: serving,
    schema: integer(1, 100),
    default: "5",
    description:
      "Requests without a valid key in a window after which an address is banned. Those with a valid key are answered all the same.",
    example: "5",
  }),
  MCP_BAN_FAILURES_WINDOW: define({
    roles: serving,
    schema: milliseconds,
    default: "600000",
    description: "Length of that window in milliseconds.",
    example: "600000",
  }),
  MCP_BAN_FAILURES_TIME: define({
    roles: serving,
    schema: milliseconds,
    default: "3600000",
    description: "Milliseconds for which requests without a valid key are refused from a banned address.",
    example: "3600000",
  }),
  MCP_BAN_LIMITS: define({
    roles: serving,
    schema: integer(1, 100),
    default: "10",
    description: "Requests over the limit in a window after which a key is banned at the address that they came from.",
    example: "10",
  }),
  MCP_BAN_LIMITS_WINDOW: define({
    roles: serving,
    schema: milliseconds,
    default: "300000",
    description: "Length of that window in milliseconds.",
    example: "300000",
  }),
  MCP_BAN_LIMITS_TIME: define({
    roles: serving,
    schema: milliseconds,
    default: "1800000",
    description: "Milliseconds for which a key is refused at an address where it is banned.",
    example: "1800000",
  }),
  INPUT_VALIDATION_STRICT: define({
    roles: answering,
    schema: flag,
    default: "false",
    description:
      "Refuse arguments of tools with fields that the tool does not know, and say which was meant. Off: they are dropped. What a tool knows is always validated. With CCTELEGRAM_URL the server there decides.",
    example: "true",
  }),
  MCP_MAX_EVENT_LOOP_DELAY: define({
    roles: serving,
    schema: delay,
    default: "2000",
    description:
      "Milliseconds for which the event loop may be held up; above that requests are refused with 503, but for health. 0: none is refused.",
    example: "2000",
  }),
  BRIDGE_URL: define({
    roles: ["serve", "backup"],
    schema: url.refine((value) => URL.parse(value)?.pathname === "/", "an http or https URL without a path"),
    required: ["serve", "backup"],
    description: "Where the bridge listens.",
    example: `http://team-bridge:${ports.bridge}`,
  }),
  BRIDGE_TIMEOUT: define({
    roles: ["serve", "backup"],
    schema: milliseconds,
    default: "10000",
    description: "Milliseconds after which a call to the bridge, with its repetitions, is given up.",
    example: "10000",
  }),
});
