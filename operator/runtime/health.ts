import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import type { Logger } from "./logger.ts";

/** `problem` returns undefined when all is well, else a sentence that says what is wrong. */
export type HealthCheck = { readonly name: string; readonly problem: () => string | undefined };

type Watched = { readonly resource: string; readonly hasSynced: boolean; readonly silentMs: number };
type Working = { readonly name: string; readonly longestRunningMs: number };

/** Ready when the caches hold what the API server holds; a standby replica is ready then too. */
export function cachesSynced(reflectors: readonly Watched[]): HealthCheck {
  return {
    name: "caches",
    problem: () => {
      const waiting = reflectors.filter(({ hasSynced }) => !hasSynced).map(({ resource }) => resource);
      return waiting.length === 0 ? undefined : `not listed yet: ${waiting.join(", ")}`;
    },
  };
}

/** Not alive when a reflector heard nothing for `maxSilenceMs` (default 5 min): bookmarks come every minute. */
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

/** Not alive when a reconcile runs for more than `maxRunningMs` (default 10 min): every request in it has a deadline. */
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

type Page = { readonly status: number; readonly type: string; readonly body: string };

/** An HTTP server with the endpoints for which parts are given; others answer 404. Rejects when it cannot listen. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const pages = pagesOf(options);
  const server = createServer((request, response) => {
    const page = pages.get(request.url?.split("?")[0] ?? "");
    answer(response, page, options.logger);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function pagesOf({ liveness, readiness, registry }: HealthServerOptions): Map<string, () => Page | Promise<Page>> {
  const pages = new Map<string, () => Page | Promise<Page>>();
  if (liveness !== undefined) {
    pages.set("/healthz", () => report(liveness));
    pages.set("/livez", () => report(liveness));
  }
  if (readiness !== undefined) pages.set("/readyz", () => report(readiness));
  if (registry !== undefined) {
    pages.set("/metrics", async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() }));
  }
  return pages;
}

/** In the form of the API server's own health pages. */
function report(checks: readonly HealthCheck[]): Page {
  let failed = false;
  const lines = checks.map(({ name, problem }) => {
    const reason = problem();
    failed ||= reason !== undefined;
    return reason === undefined ? `[+]${name} ok` : `[-]${name} failed: ${reason}`;
  });
  lines.push(failed ? "check failed" : "ok");
  return { status: failed ? 503 : 200, type: "text/plain; charset=utf-8", body: `${lines.join("\n")}\n` };
}

async function answer(
  response: ServerResponse,
  page: (() => Page | Promise<Page>) | undefined,
  logger: Logger,
): Promise<void> {
  try {
    const { status, type, body } = (await page?.()) ?? { status: 404, type: "text/plain", body: "not found\n" };
    response.writeHead(status, { "content-type": type }).end(body);
  } catch (error) {
    logger.error({ err: error }, "a health page failed");
    response.writeHead(500).end();
  }
}
