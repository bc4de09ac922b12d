import type { SecurityDetails } from "../telemetry/security-log.ts";

/** Where a call came from, for limits and the security log. */
export type Origin = {
  /** IP address; "" when the connection is gone. */
  readonly address: string;
  readonly requestId: string;
};

/** An origin as the security log writes it. */
export function securityDetails({ address, requestId }: Origin): SecurityDetails {
  return { client_ip: address, request_id: requestId };
}
