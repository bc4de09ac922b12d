import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type BanReason, metricNames, securityEvents } from "../../contract/metric-names.ts";
import { Lately } from "./lately.ts";

export type ServerMetrics = ReturnType<typeof createServerMetrics>;

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A registry of its own for each process role (or test), with the default process metrics. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** The metrics of the `serve` role. Series with known labels start at zero, so that `rate()` sees the first event. */
export function createServerMetrics(registry: Registry, toolNames: readonly string[], routes: readonly Route[]) {
  const metrics = declare([registry]);
  for (const event of securityEvents) metrics.securityEvents.inc({ event }, 0);
  for (const { method, route } of routes) {
    for (const status of ["200", "500", "503"]) metrics.requests.inc({ method, route, status }, 0);
    metrics.requestDuration.zero({ method, route });
  }
  for (const tool of toolNames) metrics.toolCalls.inc({ tool, outcome: "success" }, 0);
  return metrics;
}

/** A method and the pattern of a path, as they stand in the labels. */
export type Route = { readonly method: string; readonly route: string };

function declare(registers: Registry[]) {
  return {
    ...declareHttp(registers),
    ...declareBans(registers),
    ...declareCertificate(registers),
    ...declareChannels(registers),
    securityEvents: new Counter({
      name: metricNames.securityEvents,
      help: "Refused requests by the kind of security event, and bans that began",
      labelNames: ["event"] as const,
      registers,
    }),
    rateLimited: new Counter({ name: "rate_limit_exceeded_total", help: "Requests over the rate limit", registers }),
    authenticationFailures: new Counter({
      name: "authentication_failures_total",
      help: "Requests without a valid key",
      registers,
    }),
    securityViolations: new Counter({
      name: "security_violations_total",
      help: "Requests refused for security: wrong key, missing permission, foreign origin, rate limit",
      registers,
    }),
    apiKeysLoadFailed: new Gauge({
      name: metricNames.apiKeysLoadFailed,
      help: "1 while the file of API keys is absent, empty or unusable",
      registers,
    }),
    openStreams: new Gauge({
      name: "mcp_open_streams",
      help: "Open streams on which clients listen, by transport",
      labelNames: ["transport"] as const,
      registers,
    }),
    toolCalls: new Counter({
      name: "mcp_tool_calls_total",
      help: "Tool calls by tool and outcome, over MCP and REST",
      labelNames: ["tool", "outcome"] as const,
      registers,
    }),
    callsInFlight: new Gauge({
      name: metricNames.callsInFlight,
      help: "Tool calls that are being answered, over MCP and REST; those that wait for people count, too",
      registers,
    }),
    toolDuration: new Histogram({
      name: "mcp_tool_call_duration_seconds",
      help: "Duration of tool calls",
      labelNames: ["tool"] as const,
      buckets: seconds,
      registers,
    }),
  };
}

function declareChannels(registers: Registry[]) {
  const events = new Counter({
    name: "mcp_channel_events_total",
    help: "What people said that was handed over to sessions, by its ending: read, written without a sign that it was read",
    labelNames: ["ending"] as const,
    registers,
  });
  for (const ending of ["read", "written"]) events.inc({ ending }, 0);
  return {
    /** Counts what was handed over. */
    channelEvents: (ending: "read" | "written", count: number) => events.inc({ ending }, count),
  };
}

function declareHttp(registers: Registry[]) {
  const lately = new Lately(() => performance.now());
  new Gauge({
    name: "http_requests_per_second",
    help: "HTTP requests answered in a second, on average over the last minute",
    registers,
    collect() {
      this.set(lately.perSecond());
    },
  });
  return {
    answered: () => lately.count(),
    requests: new Counter({
      name: metricNames.requests,
      help: "HTTP requests answered",
      labelNames: ["method", "route", "status"] as const,
      registers,
    }),
    requestsShed: new Counter({
      name: "http_requests_shed_total",
      help: "HTTP requests refused because the event loop was held up",
      registers,
    }),
    requestDuration: new Histogram({
      name: metricNames.requestDuration,
      help: "Duration of HTTP requests",
      labelNames: ["method", "route"] as const,
      buckets: seconds,
      registers,
    }),
  };
}

function declareBans(registers: Registry[]) {
  let read = (): Readonly<Record<BanReason, number>> => ({ authentication_failures: 0, exceeded_limits: 0 });
  new Gauge({
    name: "banned_addresses",
    help: "Bans that last now: of addresses for wrong keys, and of keys at an address for exceeded limits",
    labelNames: ["reason"] as const,
    registers,
    // They end by themselves.
    collect() {
      for (const [reason, count] of Object.entries(read())) this.set({ reason }, count);
    },
  });
  return {
    /** Says where the number of bans is read. */
    readBans: (from: typeof read) => {
      read = from;
    },
  };
}

function declareCertificate(registers: Registry[]) {
  const expiry = new Gauge({
    name: "tls_certificate_expiry_timestamp_seconds",
    help: "Unix time at which the certificate of TLS_CERT_PATH expires; absent without it",
    registers,
  });
  const failed = new Gauge({
    name: "tls_certificate_load_failed",
    help: "1 while the files of TLS_CERT_PATH and TLS_KEY_PATH cannot be used and the certificate before is shown; absent without them",
    registers,
  });
  // Zero would be a certificate that expired in 1970.
  expiry.remove();
  failed.remove();
  return {
    /** Tells how the certificate was found. */
    certificateSeen: (seen: { readonly expiresAt: number; readonly failed: boolean }) => {
      expiry.set(seen.expiresAt / 1000);
      failed.set(seen.failed ? 1 : 0);
    },
  };
}
