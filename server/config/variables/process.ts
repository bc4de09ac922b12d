import * as z from "zod";
import { flag, host, integer, milliseconds, port, size, text } from "../../../config/schemas.ts";
import { logLevels } from "../../../contract/log-levels.ts";
import { ports } from "../../../contract/ports.ts";
import { roles, services } from "../../../contract/roles.ts";
import { logFormats } from "../../telemetry/log-lines.ts";
import { version } from "../version.ts";
import { define } from "./row.ts";

/** Variables that are not of one role alone. */
export const processVariables = Object.freeze({
  LOG_LEVEL: define({
    roles,
    schema: z.enum(logLevels, `one of ${logLevels.join(", ")}`),
    default: "info",
    file: "followed",
    aliases: [{ name: "MCP_LOG_LEVEL" }],
    description: "Least important level that is logged. The file is read again at SIGHUP.",
    example: "info",
  }),
  LOG_FORMAT: define({
    roles,
    schema: z.enum(logFormats, `one of ${logFormats.join(", ")}`),
    default: "json",
    description: "Of the log on stdout: json for programs, text for people.",
    example: "text",
  }),
  CC_TELEGRAM_LOGS_DIR: define({
    roles: services,
    schema: text,
    aliases: [{ name: "LOGS_DIR" }],
    description: "Directory in which application.log, security.log and audit.log are written as well; not set: none.",
    example: "/var/log/cctelegram",
  }),
  LOG_MAX_SIZE: define({
    roles: services,
    schema: size(1024 ** 2, 1024 ** 4),
    default: "10MB",
    description: "Size at which a log file is followed by the next one, in bytes or with KB, MB or GB.",
    example: "100MB",
  }),
  LOG_MAX_FILES: define({
    roles: services,
    schema: integer(1, 1000),
    default: "5",
    description: "Files that are kept of each log, with the one that is written.",
    example: "10",
  }),
  SECURITY_AUDIT_LOG: define({
    roles: services,
    schema: flag,
    default: "true",
    description: "Write a record of who decided what, whatever the log level.",
    example: "true",
  }),
  SECURITY_AUDIT_LOG_CONTENT: define({
    roles: ["serve", "standalone", "stdio"],
    schema: flag,
    default: "false",
    description: "Write into the audit records what clients send, which may be confidential.",
    example: "false",
  }),
  SERVICE_NAME: define({
    roles,
    schema: text,
    default: {
      serve: "cctelegram-mcp-server",
      bridge: "cctelegram-bridge",
      standalone: "cctelegram",
      stdio: "cctelegram",
      backup: "cctelegram-backup",
      restore: "cctelegram-restore",
    },
    description: "Name of the service in logs.",
    example: "cctelegram-mcp-server",
  }),
  SERVICE_VERSION: define({
    roles,
    schema: text,
    default: version,
    description: "Version shown to clients and in logs.",
    example: version,
  }),
  INSTANCE_ID: define({
    roles,
    schema: text,
    default: "local",
    description: "Name of this process in logs, such as the pod's.",
    example: "mcp-01",
  }),
  METRICS_ENABLED: define({
    roles: services,
    schema: flag,
    default: { serve: "true", bridge: "true", standalone: "true", stdio: "false" },
    aliases: [{ name: "PROMETHEUS_ENABLED" }],
    description: "Serve Prometheus metrics.",
    example: "true",
  }),
  METRICS_HOST: define({
    roles: services,
    schema: host,
    default: { serve: "::", bridge: "::", standalone: "127.0.0.1", stdio: "127.0.0.1" },
    description: "Address of the metrics; :: takes IPv6 and IPv4.",
    example: "::",
  }),
  METRICS_PORT: define({
    roles: services,
    schema: port,
    default: `${ports.metrics}`,
    aliases: [{ name: "PROMETHEUS_PORT" }],
    description: "Port of the metrics (/metrics); 0 takes any free one.",
    example: `${ports.metrics}`,
  }),
  SHUTDOWN_TIMEOUT: define({
    roles: services,
    schema: milliseconds,
    default: "20000",
    description: "Milliseconds that work in flight has to finish after SIGTERM.",
    example: "20000",
  }),
  HEAP_SNAPSHOT_DIR: define({
    roles: services,
    schema: text,
    description:
      "Folder into which SIGUSR2 writes a snapshot of the heap, which holds messages and keys; at most three. Unset: none is written.",
    example: "/var/lib/cctelegram/heap",
  }),
  HMAC_SECRET: define({
    roles: ["serve", "bridge", "standalone", "backup"],
    schema: z.string().min(32, "at least 32 characters, the same for server and bridge"),
    required: ["serve", "bridge", "backup"],
    file: "content",
    aliases: [{ name: "MCP_HMAC_SECRET" }],
    description:
      "Secret that signs requests to the bridge: of servers, and of backups. Without it a standalone bridge takes no request of others.",
    example: "$(openssl rand -hex 32)",
  }),
  HMAC_SECRET_PREVIOUS: define({
    roles: ["bridge"],
    schema: z.string().min(32, "at least 32 characters, the HMAC_SECRET before this one"),
    file: "content if any",
    description: "The secret before: it counts, too, while servers are still being given the new one.",
    example: "an-old-secret-of-at-least-32-characters",
  }),
});
