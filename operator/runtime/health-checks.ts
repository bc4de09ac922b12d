/** `problem` returns undefined when all is well, else a sentence that says what is wrong. */
export type HealthCheck = { readonly name: string; readonly problem: () => string | undefined };

type Watched = { readonly resource: string; readonly hasSynced: boolean; readonly silentMs: number };
type Working = { readonly name: string; readonly longestRunningMs: number };

/**
 * Ready when the caches hold what the API server holds; a standby replica is ready then too.
 *
 * @example
 * ```ts
 * const server = await startHealthServer({ port: 8081, logger, readiness: [cachesSynced([reflector])] });
 * ```
 */
export function cachesSynced(reflectors: readonly Watched[]): HealthCheck {
  return {
    name: "caches",
    problem: () => {
      const waiting = reflectors.filter(({ hasSynced }) => !hasSynced).map(({ resource }) => resource);
      return waiting.length === 0 ? undefined : `not listed yet: ${waiting.join(", ")}`;
    },
  };
}

/**
 * Not alive when a reflector has received nothing for `maxSilenceMs` (default 5 min): bookmarks come every minute.
 *
 * @example
 * ```ts
 * const server = await startHealthServer({ port: 8081, logger, liveness: [reflectorsFresh([reflector], 300_000)] });
 * ```
 */
export function reflectorsFresh(reflectors: readonly Watched[], maxSilenceMs = 300_000): HealthCheck {
  return {
    name: "watches",
    problem: () => {
      const silent = reflectors.filter(({ silentMs }) => silentMs > maxSilenceMs);
      if (silent.length === 0) return undefined;
      return silent.map(({ resource, silentMs }) => `${resource} silent for ${seconds(silentMs)}`).join(", ");
    },
  };
}

/**
 * Not alive when a reconcile runs for more than `maxRunningMs` (default 10 min): every request in it has a deadline.
 *
 * @example
 * ```ts
 * const server = await startHealthServer({ port: 8081, logger, liveness: [workersMoving([controller])] });
 * ```
 */
export function workersMoving(controllers: readonly Working[], maxRunningMs = 600_000): HealthCheck {
  return {
    name: "workers",
    problem: () => {
      const stuck = controllers.filter(({ longestRunningMs }) => longestRunningMs > maxRunningMs);
      if (stuck.length === 0) return undefined;
      return stuck.map(({ name, longestRunningMs }) => `${name} stuck for ${seconds(longestRunningMs)}`).join(", ");
    },
  };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
