import type { ApiError } from "./api-error.ts";

const mostRetries = 3;
const longestRetryAfterSeconds = 10;

/**
 * Milliseconds after which a request that the API server has turned away is sent again, or undefined when it is not: 429, or 503 with
 * Retry-After. The server says so also for a moment when it begins to serve a kind ("storage is (re)initializing").
 *
 * @example
 * ```ts
 * const busy = new ApiError({ method: "GET", path: "/api/v1/pods", status: 429, retryAfterSeconds: 2 });
 * retryAfterMs(busy, { tries: 0, mayRepeat: true }); // => 2000
 * retryAfterMs(busy, { tries: 3, mayRepeat: true }); // => undefined
 * ```
 */
export function retryAfterMs(
  { status, retryAfterSeconds }: ApiError,
  { tries, mayRepeat }: { readonly tries: number; readonly mayRepeat: boolean },
): number | undefined {
  if (tries >= mostRetries || retryAfterSeconds === undefined) return undefined;
  // Both are sent before the request is handled; only a POST might still have been handled.
  const turnedAway = status === 429 || (status === 503 && mayRepeat);
  return turnedAway ? Math.min(retryAfterSeconds, longestRetryAfterSeconds) * 1000 : undefined;
}

/**
 * Resolves after so many milliseconds, or as soon as the signal is aborted.
 *
 * @example
 * ```ts
 * await pause(1000, signal);
 * signal.throwIfAborted();
 * ```
 */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal?.addEventListener("abort", wake, { once: true });
  });
}
