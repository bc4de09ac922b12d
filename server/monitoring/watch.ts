import { randomUUID } from "node:crypto";
import { toServerError } from "../../contract/errors.ts";
import type { Overview } from "../../contract/monitoring.ts";
import { type ServerTelling, tellingTimes } from "../../contract/monitoring-servers.ts";
import type { BanOffice } from "../access/bans.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import type { Lifecycle } from "../http/health-routes.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ServerMetrics } from "../telemetry/metrics.ts";
import { Since } from "../telemetry/since.ts";
import { Alerts } from "./alerts.ts";
import { LastMinute, reportOf, tellingOf, totalsOf } from "./measured.ts";
import { type BridgeSeen, overviewOf } from "./overview.ts";

export type WatchOptions = {
  readonly service: { readonly name: string; readonly version: string; readonly instance: string };
  readonly bridge: Pick<BridgeClient, "monitoring">;
  readonly banOffice: Pick<BanOffice, "list">;
  readonly keys: { problem(): string | undefined };
  readonly metrics: ServerMetrics;
  readonly lifecycle: Lifecycle;
  readonly logger: Pick<Logger, "error">;
  readonly heldUpMs: () => number;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  /** Milliseconds of a clock that is never set back. */
  readonly steady: () => number;
};

/** How old an overview may be. */
export const freshMs = 2_000;

/** Watches how it all is: tells the bridge about this server, and asks it about the rest. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #process = randomUUID();
  readonly #startedAt: number;
  readonly #minute = new LastMinute();
  readonly #alerts = new Alerts();
  readonly #healthSince = new Since();
  readonly #bridgeSince = new Since();
  #others: readonly ServerTelling[] = [];
  #othersAt = Number.NEGATIVE_INFINITY;
  #looked: { readonly at: number; readonly overview: Promise<Overview> } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #farewell: Promise<void> | undefined;
  #closed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#startedAt = options.clock();
  }

  /** Tells and looks, now and every few seconds: since when something is so has to be known when somebody asks. */
  start(): void {
    void this.#go();
  }

  /** Tells at once that this server ends, so that nobody misses it. */
  leave(): void {
    this.#farewell = this.#tell();
  }

  /** Resolves when the bridge has heard of the end, or does not answer. */
  async stop(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#farewell;
  }

  /** How it is now; many who ask cost no more than one. */
  overview(): Promise<Overview> {
    const now = this.#options.steady();
    if (this.#looked === undefined || now - this.#looked.at >= freshMs) {
      this.#looked = { at: now, overview: this.#look() };
    }
    return this.#looked.overview;
  }

  async #go(): Promise<void> {
    try {
      await this.#tell();
      await this.overview();
    } catch (error) {
      this.#options.logger.error({ err: error }, "the dashboard could not look");
    }
    if (!this.#closed) this.#timer = setTimeout(() => void this.#go(), tellingTimes.everyMs).unref();
  }

  /** A bridge that does not answer is told with the next look. */
  async #tell(): Promise<void> {
    const own = await this.#own();
    await this.#options.bridge.monitoring.tell(own).catch(() => {});
  }

  async #own(): Promise<ServerTelling> {
    const { service, banOffice, keys, metrics, lifecycle, heldUpMs, clock, steady } = this.#options;
    const totals = await totalsOf(metrics);
    this.#minute.look(totals, steady());
    const { values } = await metrics.openStreams.get();
    const report = reportOf({
      name: service.instance,
      version: service.version,
      startedAt: this.#startedAt,
      now: clock(),
      keysProblem: keys.problem(),
      draining: lifecycle.draining,
      memoryBytes: process.memoryUsage.rss(),
      heldUpMs: heldUpMs(),
      streams: values.reduce((sum, { value }) => sum + value, 0),
      minute: this.#minute,
    });
    return tellingOf(this.#process, report, { totals, minute: this.#minute, bans: banOffice.list() });
  }

  async #look(): Promise<Overview> {
    const { service, clock } = this.#options;
    const [own, bridge] = await Promise.all([this.#own(), this.#bridge()]);
    const now = clock();
    const servers = [own, ...this.#othersOf(bridge)];
    const alerts = this.#alerts.judge({ bridge: "telling" in bridge ? bridge.telling : undefined, servers }, now);
    const found = overviewOf({ now, name: service.name, bridge, servers, alerts });
    return { ...found, since: this.#healthSince.of(found.health, now) };
  }

  async #bridge(): Promise<BridgeSeen> {
    const { bridge, clock } = this.#options;
    const answered = await bridge.monitoring.state().then(
      (telling) => ({ telling }),
      (error) => ({ error: reasonOf(error) }),
    );
    const since = Date.parse(this.#bridgeSince.of("telling" in answered, clock()));
    return { ...answered, since };
  }

  /** While the bridge does not answer the others are as they told last, for as long as they count as there. */
  #othersOf(bridge: BridgeSeen): readonly ServerTelling[] {
    const now = this.#options.steady();
    if ("telling" in bridge) {
      this.#others = bridge.telling.servers.filter(({ process }) => process !== this.#process);
      this.#othersAt = now;
    }
    return now - this.#othersAt > tellingTimes.goneMs ? [] : this.#others;
  }
}

/** What is wrong with the bridge, for people. */
function reasonOf(thrown: unknown): string {
  const { message, details } = toServerError(thrown);
  const isOlder = `${details.reason}`.startsWith("404 ");
  return isOlder ? "its image is older than the server's: update it" : message;
}
