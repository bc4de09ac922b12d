import { apiKeyHeader } from "../../../../contract/api-key.ts";
import { ServerError } from "../../../../contract/errors.ts";

export type RemoteServerOptions = {
  /** Of its MCP endpoint. */
  readonly url: string;
  readonly apiKey: string;
  readonly fetch: typeof fetch;
  /** `fetch` goes through a proxy. */
  readonly isProxied?: boolean;
};

type Ask = {
  readonly method: "POST" | "GET" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
};

/** Milliseconds for which a server that cannot be reached is tried again, and between the first two times. */
const patience = { totalMs: 15_000, firstMs: 250, longestMs: 4_000 };

/** Nothing of the request has arrived: it can be repeated without doing anything twice. */
const unsent: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

const advice: Readonly<Record<number, string>> = {
  401: "it does not take the key; look at CCTELEGRAM_API_KEY",
  403: "it lets nobody come under this name; look at CCTELEGRAM_URL, and at MCP_ALLOWED_HOSTS of the server",
  404: "there is no MCP at this address; look at CCTELEGRAM_URL",
  405: "there is no MCP at this address; look at CCTELEGRAM_URL",
};

/** A server elsewhere, as HTTP shows it. */
export class RemoteServer {
  readonly #options: RemoteServerOptions;

  constructor(options: RemoteServerOptions) {
    this.#options = options;
  }

  /** Asks, again and again while nothing arrives. Throws REMOTE_UNAVAILABLE. */
  async ask({ method, headers, body, signal }: Ask): Promise<Response> {
    const { url, apiKey, fetch: send, isProxied = false } = this.#options;
    const givenUpAt = performance.now() + patience.totalMs;
    for (let waitMs = patience.firstMs; ; waitMs = Math.min(2 * waitMs, patience.longestMs)) {
      const isLast = performance.now() + waitMs > givenUpAt;
      try {
        const request = { method, headers: { ...headers, [apiKeyHeader]: apiKey }, signal, ...(body && { body }) };
        // A redirect would take the key elsewhere.
        const response = await send(url, { ...request, redirect: "manual" });
        if (response.status !== 503 || isLast) return response;
        await response.body?.cancel();
      } catch (error) {
        signal.throwIfAborted();
        if (isLast || !unsent.has(codeOf(error))) throw this.problem(reasonOf(error, isProxied), error);
      }
      await pause(waitMs, signal);
    }
  }

  /** The error for an answer that is none of MCP. */
  refusal({ status, headers }: Response): ServerError {
    const location = headers.get("location");
    if (location !== null)
      return this.problem(`it sends its callers on to ${location.slice(0, 200)}; set CCTELEGRAM_URL to that`);
    return this.problem(advice[status] ?? `it answered with HTTP ${status}`);
  }

  problem(reason: string, cause?: unknown): ServerError {
    return new ServerError("REMOTE_UNAVAILABLE", { url: this.#options.url, reason }, cause);
  }
}

/** Resolves after a time; rejects when it is cut short. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

function causeOf(error: unknown): { readonly code?: unknown; readonly message?: unknown } {
  const cause = error instanceof Error ? (error.cause ?? error) : undefined;
  return typeof cause === "object" && cause !== null ? cause : {};
}

function codeOf(error: unknown): unknown {
  return causeOf(error).code;
}

/** The status with which a proxy has refused to lead there, as undici tells it. */
function refusalOfProxy(error: unknown): number | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const [, status] = /^Proxy .*\((\d{3})\)/.exec(at.message) ?? [];
    if (status !== undefined) return Number(status);
  }
  return undefined;
}

/** The connection was there and ended: nobody knows how far the server came. */
const broken: ReadonlySet<unknown> = new Set([
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_SOCKET",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

/** What is said of a connection that ended before the answer came. */
export const brokenConnection =
  "the connection broke before the answer; what was asked for may or may not have been done";

function reasonOf(error: unknown, isProxied: boolean): string {
  const { code, message } = causeOf(error);
  const status = refusalOfProxy(error);
  if (status === 407) return "the proxy wants other credentials; look at HTTPS_PROXY and HTTP_PROXY";
  if (status !== undefined) return `the proxy does not lead there (HTTP ${status}); look at HTTPS_PROXY and NO_PROXY`;
  if (broken.has(code)) return brokenConnection;
  if (unsent.has(code)) return `nothing answers there${isProxied ? ", or at the proxy" : ""} (${code})`;
  if (/CERT|SIGNED|ISSUER|TLS|SSL/.test(String(code))) {
    return `its certificate is not trusted (${code}); NODE_EXTRA_CA_CERTS can name a file of authorities that are`;
  }
  return `it cannot be reached (${code ?? message})`;
}
