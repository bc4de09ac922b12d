import type { Transport } from "../telemetry/audit-record.ts";
import type { SecurityDetails } from "../telemetry/security-log.ts";
import type { Trace } from "../telemetry/trace.ts";

/** Where a call came from, for limits, the security log and the audit log. */
export type Origin = {
  /** IP address; "" when the connection is gone. */
  readonly address: string;
  readonly requestId: string;
  readonly transport: Transport;
  /** That the caller told; undefined: none. */
  readonly trace?: Trace | undefined;
};

/** An origin as the security log writes it. */
export function securityDetails({ address, requestId, transport, trace }: Origin): SecurityDetails {
  return { client_ip: address, request_id: requestId, transport, ...trace };
}

/** An origin as the audit log writes it: over stdio there is no address. */
export function auditDetails({ address, requestId, transport, trace }: Origin) {
  return { ...(address !== "" && { client_ip: address }), request_id: requestId, transport, ...trace };
}
