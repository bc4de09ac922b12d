import type { FastifyInstance } from "fastify";
import type { Counter } from "prom-client";
import { ServerError } from "../../contract/errors.ts";
import type { Logger } from "../telemetry/logger.ts";

export type LoadSheddingOptions = {
  /** Milliseconds above which requests are refused; 0: none is. */
  readonly limitMs: number;
  /** How long the event loop was held up of late, in milliseconds. */
  readonly heldUpMs: () => number;
  /** Routes that are answered whatever the load. */
  readonly spared: ReadonlySet<string>;
  readonly shed: Pick<Counter, "inc">;
  readonly logger: Pick<Logger, "warn" | "info">;
};

/** The longest that a client is asked to stay away, in seconds. */
const longestWait = 30;

/**
 * Refuses requests while the event loop is held up, before a key is compared or a body is read: what is refused costs
 * next to nothing, so that the rest, and the probes, are answered in time. One line tells when that begins, and one when it ends.
 */
export function shedLoad(app: FastifyInstance, { limitMs, heldUpMs, spared, shed, logger }: LoadSheddingOptions): void {
  if (limitMs === 0) return;
  let refused = 0;
  app.addHook("onRequest", (request, _reply, done) => {
    const ms = Math.round(heldUpMs());
    if (ms <= limitMs) {
      if (refused > 0) logger.info({ refused }, "requests are taken again");
      refused = 0;
      return done();
    }
    if (spared.has(request.routeOptions.url ?? "")) return done();
    if (refused === 0) logger.warn({ held_up_ms: ms, limit_ms: limitMs }, "too busy: requests are refused");
    refused += 1;
    shed.inc();
    done(new ServerError("SERVER_OVERLOADED", { retry_after: Math.min(longestWait, 1 + Math.ceil(ms / 1000)) }));
  });
}
