import * as z from "zod";

const port = (value: number) => z.coerce.number().int().min(0).max(65_535).default(value);
const flag = (value: boolean) =>
  z
    .enum(["true", "false"])
    .default(value ? "true" : "false")
    .transform((text) => text === "true");

const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const list = z
  .string()
  .default("")
  .transform((text) => text.split(",").flatMap((item) => item.trim() || []));

/** The environment of the operator; the chart sets it. */
export const environment = z.object({
  POD_NAMESPACE: z.string().min(1).default("default").describe("Namespace of the operator and of its Lease."),
  POD_NAME: z.string().min(1).optional().describe("Name of this pod. Default: the host name."),
  SERVER_IMAGE: z
    .string()
    .min(1)
    .describe("Image of server and bridge, for example cctelegram/server:0.1.0, for resources that name none."),
  TELEGRAM_API_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Bot API for resources that name none."),
  ALLOWED_IMAGES: list.describe(
    "Images that resources may name, by their beginnings (registry.example.com/team), separated by commas. Default: all.",
  ),
  ALLOWED_API_URLS: list.describe(
    "Bot APIs that resources may name, by their beginnings (https://bots.example.com), separated by commas. Default: all.",
  ),
  ALLOW_NETWORK_FIELDS: flag(true).describe(
    "Whether resources may open networks: networkPolicy.mode, ingressFrom, egressTo, dnsPorts, monitoring.ingressFrom, and exposure.",
  ),
  PROBE_EXPOSURE: flag(true).describe(
    "Whether public addresses of resources are called, to tell in the condition Exposed whether they answer.",
  ),
  WATCH_NAMESPACES: z
    .string()
    .transform((text) => [...new Set(text.split(",").map((name) => name.trim()))].sort())
    .pipe(z.array(z.string().regex(namespaceName, "must be names of namespaces")).max(100))
    .default([])
    .describe("Namespaces that are served, comma-separated. Default: all. Each costs watches of its own; at most 100."),
  LEADER_ELECTION: flag(true).describe(
    "Holds a Lease while it works, so that replicas and other operators wait. With false it takes none, waits while " +
      "another operator works, and ends when one comes; not with WATCH_NAMESPACES.",
  ),
  CONCURRENCY: z.coerce.number().int().min(1).max(64).default(8).describe("Resources reconciled at a time."),
  LISTEN_HOST: z
    .string()
    .min(1)
    .optional()
    .describe("Address of both ports. Default: all addresses, of IPv6 and IPv4 where there are both."),
  HEALTH_PORT: port(8081).describe("Port of /healthz and /readyz."),
  METRICS_PORT: port(8080).describe("Port of /metrics."),
  METRICS_AUTHENTICATION: flag(false).describe(
    "Asks of each scrape a token of an account that may get /metrics; checking it takes two rights in the whole cluster.",
  ),
  LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error", "fatal"])
    .default("info")
    .describe("Lowest level logged."),
});

export type OperatorConfig = z.infer<typeof environment>;

/** Reads the configuration. Throws one error that lists every variable that is wrong, and what is expected. */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): OperatorConfig {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const result = environment.safeParse(set);
  if (result.success) return consistent(result.data);
  const problems = result.error.issues.map(({ path, message }) => {
    const name = String(path[0]) as keyof OperatorConfig;
    return `  ${name}: ${message}. Expected: ${environment.shape[name].description}`;
  });
  throw wrong(problems);
}

/** Only its Leases tell an operator of all namespaces which ones to leave to this one. */
function consistent(config: OperatorConfig): OperatorConfig {
  if (config.LEADER_ELECTION || config.WATCH_NAMESPACES.length === 0) return config;
  throw wrong([
    "  LEADER_ELECTION: must be true with WATCH_NAMESPACES, whose Leases tell other operators to stay away.",
  ]);
}

const wrong = (problems: readonly string[]) =>
  new Error(`The operator cannot start, its environment is wrong:\n${problems.join("\n")}`);
