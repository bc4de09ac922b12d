import * as z from "zod";
import { ConfigError, type Problem } from "../config/config-error.ts";
import { variablesHelp } from "../config/help.ts";
import { readVariables, type Surroundings, type Values } from "../config/read-variables.ts";
import { flag, host, integer, list, port, text, url } from "../config/schemas.ts";
import { readSmallFile } from "../config/small-file.ts";
import type { Table } from "../config/variable.ts";
import { logLevels } from "../contract/log-levels.ts";

const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const namespaceNames = z
  .string()
  .transform((value) => (value === "" ? [] : [...new Set(value.split(",").map((name) => name.trim()))].sort()))
  .refine((names) => names.every((name) => namespaceName.test(name)), "names of namespaces, separated by commas")
  .refine((names) => names.length <= 100, "100 namespaces at most");

/** The environment of the operator; the chart sets it. */
export const variables = Object.freeze({
  POD_NAMESPACE: {
    schema: text,
    default: "default",
    description: "Namespace of the operator and of its Lease.",
    example: "cctelegram-system",
  },
  POD_NAME: {
    schema: text,
    description: "Name of this pod. Unset, the host name is used.",
    example: "cctelegram-operator-0",
  },
  SERVER_IMAGE: {
    schema: text,
    required: true,
    description: "Default image of server and bridge.",
    example: "cctelegram/server:0.1.0",
  },
  TELEGRAM_API_URL: {
    schema: url,
    description: "Default of telegram.apiUrl in resources. Unset, Telegram's own.",
    example: "https://api.telegram.org",
  },
  ALLOWED_IMAGES: {
    schema: list,
    default: "",
    description: "Prefixes of the images that resources may use, separated by commas. Unset, all are allowed.",
    example: "registry.example.com/team",
  },
  ALLOWED_API_URLS: {
    schema: list,
    default: "",
    description: "Prefixes of the Bot API URLs that resources may use, separated by commas. Unset, all are allowed.",
    example: "https://bots.example.com",
  },
  ALLOWED_BACKUP_ENDPOINTS: {
    schema: list,
    default: "",
    description:
      "Prefixes of the URLs of stores that backups may use, separated by commas. Unset, all are allowed, or none without ALLOW_NETWORK_FIELDS.",
    example: "https://s3.example.com",
  },
  ALLOW_NETWORK_FIELDS: {
    schema: flag,
    default: "true",
    description:
      "Whether resources may widen network policies: networkPolicy.mode, ingressFrom, egressTo, dnsPorts, monitoring.ingressFrom, and exposure.",
    example: "true",
  },
  PROBE_EXPOSURE: {
    schema: flag,
    default: "true",
    description: "Whether the operator connects to the public addresses of resources, for the condition Exposed.",
    example: "true",
  },
  PLAIN_REGISTRIES: {
    schema: list,
    default: "",
    description:
      "Registries that the operator asks for images by plain HTTP, and whatever their address is: host and port, separated by commas. All others it calls by https, and not on loopback and link-local addresses.",
    example: "registry.example.com:5000",
  },
  WATCH_NAMESPACES: {
    schema: namespaceNames,
    default: "",
    description:
      "Namespaces to serve, separated by commas, at most 100, since each needs its own watches. Unset, all are served.",
    example: "team-a,team-b",
  },
  LEADER_ELECTION: {
    schema: flag,
    default: "true",
    description:
      "Holds a Lease while it works, so that replicas and other operators wait. With false it holds none, waits while " +
      "another operator leads, and exits when another one starts to; not allowed with WATCH_NAMESPACES.",
    example: "true",
  },
  CONCURRENCY: {
    schema: integer(1, 64),
    default: "8",
    description: "Resources reconciled at a time, 1 to 64.",
    example: "8",
  },
  LISTEN_HOST: {
    schema: host,
    description: "Address on which both ports listen. Unset, all addresses, IPv6 and IPv4.",
    example: "0.0.0.0",
  },
  HEALTH_PORT: { schema: port, default: "8081", description: "Port of /healthz and /readyz.", example: "8081" },
  METRICS_PORT: { schema: port, default: "8080", description: "Port of /metrics.", example: "8080" },
  METRICS_AUTHENTICATION: {
    schema: flag,
    default: "false",
    description:
      "Whether scrapes need the token of an account that may get /metrics. Checking tokens takes two cluster-wide rights.",
    example: "true",
  },
  LOG_LEVEL: {
    schema: z.enum(logLevels, `one of ${logLevels.join(", ")}`),
    default: "info",
    description: "Lowest level that is logged.",
    example: "info",
  },
}) satisfies Table;

export type OperatorConfig = Values<typeof variables>;

/** The text of --help: every variable from the table. */
export const helpText = () => `Usage: node main.js\n\nEnvironment\n${variablesHelp(variables)}\n`;

/** Reads the configuration. Throws a ConfigError that lists every problem. */
export function readConfig(env: Surroundings["env"]): OperatorConfig {
  const { values, problems } = readVariables(variables, "operator", { env, readFile: readSmallFile });
  const all = [...problems, ...problemsTogether(values)];
  if (all.length > 0) throw new ConfigError(all);
  return Object.freeze(values);
}

/** An operator of all namespaces learns only from these Leases which namespaces to ignore. */
function problemsTogether({ LEADER_ELECTION, WATCH_NAMESPACES = [] }: Partial<OperatorConfig>): Problem[] {
  if (LEADER_ELECTION !== false || WATCH_NAMESPACES.length === 0) return [];
  const expected = "true with WATCH_NAMESPACES, whose Leases tell other operators to stay away";
  return [{ variable: "LEADER_ELECTION", problem: "is false", expected, example: variables.LEADER_ELECTION.example }];
}
