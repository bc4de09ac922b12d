import type { Registry } from "prom-client";
import type { Logger } from "./logger.ts";

/** `problem` returns undefined when all is well, else a sentence that says what is wrong. */
export type HealthCheck = { readonly name: string; readonly problem: () => string | undefined };

type Watched = { readonly resource: string; readonly hasSynced: boolean; readonly silentMs: number };
type Working = { readonly name: string; readonly longestRunningMs: number };

/** Ready when the caches hold what the API server holds. */
export function cachesSynced(_reflectors: readonly Watched[]): HealthCheck {
  throw new Error("not yet");
}

/** Not alive when a reflector heard nothing for `maxSilenceMs` (default 5 min). */
export function reflectorsFresh(_reflectors: readonly Watched[], _maxSilenceMs = 300_000): HealthCheck {
  throw new Error("not yet");
}

/** Not alive when a reconcile runs for more than `maxRunningMs` (default 10 min). */
export function workersMoving(_controllers: readonly Working[], _maxRunningMs = 600_000): HealthCheck {
  throw new Error("not yet");
}

export type HealthServerOptions = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly logger: Logger;
  /** Served at /healthz and /livez. */
  readonly liveness?: readonly HealthCheck[];
  /** Served at /readyz. */
  readonly readiness?: readonly HealthCheck[];
  /** Served at /metrics. */
  readonly registry?: Registry;
};

export type HealthServer = { readonly port: number; close(): Promise<void> };

/** An HTTP server with the endpoints for which parts are given; others answer 404. Rejects when it cannot listen. */
export function startHealthServer(_options: HealthServerOptions): Promise<HealthServer> {
  throw new Error("not yet");
}
