import type { SecurityEvent } from "../../contract/metric-names.ts";
import type { Audit } from "./audit.ts";
import type { AuditRecord } from "./audit-record.ts";
import { LogSampler } from "./log-sampler.ts";
import type { Logger } from "./logger.ts";
import type { ServerMetrics } from "./metrics.ts";

export type SecurityDetails = Omit<AuditRecord, "decision" | "outcome"> & {
  readonly client_ip: string;
  readonly request_id: string;
};

export type SecurityLog = (event: SecurityEvent, details: SecurityDetails) => void;

/** Enough for fail2ban to act on; an attacker writes no more than this into the log. */
const sampling = { lines: 10, windowMs: 60_000, capacity: 100 };

/** Counts and logs refused requests and bans; the counters count all, also what is not logged. */
export function createSecurityLog(metrics: ServerMetrics, logger: Logger, audit: Pick<Audit, "record">): SecurityLog {
  const counters = {
    authentication_failure: metrics.authenticationFailures,
    rate_limit_exceeded: metrics.rateLimited,
    shared_limit_exceeded: metrics.rateLimited,
    authorization_failure: undefined,
    ban: undefined,
  };
  const log = securityLines(logger, audit);
  return (event, details) => {
    metrics.securityEvents.inc({ event });
    // A ban is no refused request: those that led to it were counted. Many clients at once violate nothing.
    if (event !== "ban" && event !== "shared_limit_exceeded") metrics.securityViolations.inc();
    counters[event]?.inc();
    log(event, details);
  };
}

/** The events of the bridge, beside those of the server. */
type LoggedEvent = SecurityEvent | "signature_failure";

/** What each of them is in the audit log. */
const recorded: Readonly<Record<LoggedEvent, Pick<AuditRecord, "decision" | "outcome" | "code">>> = {
  authentication_failure: { decision: "authentication", outcome: "refused", code: "AUTHENTICATION_ERROR" },
  rate_limit_exceeded: { decision: "limit", outcome: "refused", code: "RATE_LIMIT_EXCEEDED" },
  shared_limit_exceeded: { decision: "limit", outcome: "refused", code: "RATE_LIMIT_EXCEEDED" },
  authorization_failure: { decision: "authorization", outcome: "refused" },
  ban: { decision: "ban", outcome: "done" },
  signature_failure: { decision: "signature", outcome: "refused", code: "AUTHENTICATION_ERROR" },
};

/**
 * Logs security events. The message itself holds event and address, because fail2ban matches text:
 * `SECURITY.*authentication_failure.*client_ip.*<HOST>`. Of each event and address ten lines a minute are logged and then
 * the number of the rest; the audit log has as many, so that a stranger cannot push the others out of its files.
 */
export function securityLines(
  logger: Pick<Logger, "warn">,
  audit: Pick<Audit, "record">,
): (event: LoggedEvent, details: SecurityDetails) => void {
  const line = (event: LoggedEvent, details: Omit<AuditRecord, "decision" | "outcome">, message: string): void => {
    logger.warn({ event, ...details }, `SECURITY ${event} client_ip=${message}`);
    audit.record({ ...recorded[event], ...details });
  };
  const sampler = new LogSampler<LoggedEvent>(sampling, ({ kind, address, count }) =>
    line(kind, { client_ip: address, count }, `${address} repeated`),
  );
  return (event, details) => {
    if (sampler.admit(event, details.client_ip)) line(event, details, details.client_ip);
  };
}
