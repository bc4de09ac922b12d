import type { Logger } from "./logger.ts";
import type { SecurityEvent, ServerMetrics } from "./metrics.ts";

export type SecurityDetails = {
  readonly client_ip: string;
  readonly request_id: string;
  readonly [detail: string]: string;
};

export type SecurityLog = (event: SecurityEvent, details: SecurityDetails) => void;

/**
 * Counts and logs refused requests. The message itself holds event and address, because fail2ban matches text:
 * `SECURITY.*authentication_failure.*client_ip.*<HOST>`.
 */
export function createSecurityLog(metrics: ServerMetrics, logger: Logger): SecurityLog {
  const counters = {
    authentication_failure: metrics.authenticationFailures,
    rate_limit_exceeded: metrics.rateLimited,
    authorization_failure: undefined,
  };
  return (event, details) => {
    metrics.securityEvents.inc({ event });
    metrics.securityViolations.inc();
    counters[event]?.inc();
    logger.warn({ event, ...details }, `SECURITY ${event} client_ip=${details.client_ip}`);
  };
}
