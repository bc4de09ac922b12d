import { LogSampler } from "./log-sampler.ts";
import type { Logger } from "./logger.ts";
import type { SecurityEvent, ServerMetrics } from "./metrics.ts";

export type SecurityDetails = {
  readonly client_ip: string;
  readonly request_id: string;
  readonly [detail: string]: string;
};

export type SecurityLog = (event: SecurityEvent, details: SecurityDetails) => void;

/** Enough for fail2ban to act on; an attacker writes no more than this into the log. */
const sampling = { lines: 10, windowMs: 60_000, capacity: 100 };

/**
 * Counts and logs refused requests. The message itself holds event and address, because fail2ban matches text:
 * `SECURITY.*authentication_failure.*client_ip.*<HOST>`. Of each event and address ten lines a minute are logged and then
 * the number of the rest; the counters count all.
 */
export function createSecurityLog(metrics: ServerMetrics, logger: Logger): SecurityLog {
  const counters = {
    authentication_failure: metrics.authenticationFailures,
    rate_limit_exceeded: metrics.rateLimited,
    authorization_failure: undefined,
  };
  const sampler = new LogSampler(sampling, ({ kind: event, address, count }) =>
    logger.warn({ event, client_ip: address, count }, `SECURITY ${event} client_ip=${address} repeated`),
  );
  return (event, details) => {
    metrics.securityEvents.inc({ event });
    metrics.securityViolations.inc();
    counters[event]?.inc();
    if (!sampler.admit(event, details.client_ip)) return;
    logger.warn({ event, ...details }, `SECURITY ${event} client_ip=${details.client_ip}`);
  };
}
