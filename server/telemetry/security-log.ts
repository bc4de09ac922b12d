import type { SecurityEvent } from "../../contract/metric-names.ts";
import { LogSampler } from "./log-sampler.ts";
import type { Logger } from "./logger.ts";
import type { ServerMetrics } from "./metrics.ts";

export type SecurityDetails = {
  readonly client_ip: string;
  readonly request_id: string;
  readonly [detail: string]: string;
};

export type SecurityLog = (event: SecurityEvent, details: SecurityDetails) => void;

/** Enough for fail2ban to act on; an attacker writes no more than this into the log. */
const sampling = { lines: 10, windowMs: 60_000, capacity: 100 };

/** Counts and logs refused requests and bans; the counters count all, also what is not logged. */
export function createSecurityLog(metrics: ServerMetrics, logger: Logger): SecurityLog {
  const counters = {
    authentication_failure: metrics.authenticationFailures,
    rate_limit_exceeded: metrics.rateLimited,
    shared_limit_exceeded: metrics.rateLimited,
    authorization_failure: undefined,
    ban: undefined,
  };
  const log = securityLines(logger);
  return (event, details) => {
    metrics.securityEvents.inc({ event });
    // A ban is no refused request: those that led to it were counted. Many clients at once violate nothing.
    if (event !== "ban" && event !== "shared_limit_exceeded") metrics.securityViolations.inc();
    counters[event]?.inc();
    log(event, details);
  };
}

/**
 * Logs security events. The message itself holds event and address, because fail2ban matches text:
 * `SECURITY.*authentication_failure.*client_ip.*<HOST>`. Of each event and address ten lines a minute are logged and then
 * the number of the rest.
 */
export function securityLines(logger: Pick<Logger, "warn">): (event: string, details: SecurityDetails) => void {
  const line = (event: string, details: Readonly<Record<string, unknown>>, message: string): void =>
    logger.warn({ event, ...details }, `SECURITY ${event} client_ip=${message}`);
  const sampler = new LogSampler(sampling, ({ kind, address, count }) =>
    line(kind, { client_ip: address, count }, `${address} repeated`),
  );
  return (event, details) => {
    if (sampler.admit(event, details.client_ip)) line(event, details, details.client_ip);
  };
}
