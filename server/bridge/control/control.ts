import type { Controlled, Fence, Pause } from "../../../contract/control.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { boundedText } from "../status/bounded-text.ts";
import type { Store } from "../storage/store.ts";
import { prepareControl } from "./control-statements.ts";

export type ControlOptions = {
  readonly store: Store;
  /** Name of this run of the bridge: another one has another. */
  readonly instance: string;
  /** Keeps what clients sent from being delivered, or lets it go on. Called once at the beginning. */
  readonly hold: (held: boolean) => void;
  /** Ends this bridge, so that another one takes its place. */
  readonly restart: (by: string) => void;
  /** It asks Telegram nothing since then; only its operator ends that. */
  readonly fence?: Fence | undefined;
  /** Told of a change, in the transaction that brings it. */
  readonly onPaused?: (paused: boolean, by: string) => void;
  readonly logger: Logger;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
};

/**
 * Stops and resumes delivery, and restarts the bridge. Whether delivery is stopped is in the bridge's file: only a resume
 * ends it.
 */
export class Control {
  readonly #options: ControlOptions;
  readonly #sql: ReturnType<typeof prepareControl>;
  #paused: Pause | undefined;
  #restarting = false;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#sql = prepareControl(options.store.db);
    this.#read();
    options.store.onUndone(() => this.#read());
  }

  /** Since when delivery is stopped, and by whom; undefined when it is not. */
  get paused(): Pause | undefined {
    return this.#paused;
  }

  state(changed = false): Controlled {
    const paused = this.#paused;
    const { instance, fence: fenced } = this.#options;
    return { instance, ...(paused && { paused }), ...(fenced && { fenced }), changed };
  }

  /** Resolves when it is on disk: from then on nothing more of clients leaves but the requests under way. */
  async pause(client: string): Promise<Controlled> {
    return this.state(await this.#options.store.write(() => this.setPaused(true, client)));
  }

  /** Resolves when it is on disk and delivery goes on. */
  async resume(client: string): Promise<Controlled> {
    return this.state(await this.#options.store.write(() => this.setPaused(false, client)));
  }

  /** Stops delivery or lets it go on, in the transaction of the write that calls it; false when it was so already. */
  setPaused(paused: boolean, by: string): boolean {
    if (paused === (this.#sql.paused.get() !== undefined)) return false;
    const { now, logger } = this.#options;
    if (paused) this.#sql.pause.run(Math.floor(now()), by);
    else this.#sql.resume.run();
    this.#read();
    this.#options.onPaused?.(paused, by);
    if (paused) logger.warn({ by }, "delivery is stopped; messages are kept");
    else logger.info({ by }, "delivery goes on");
    return true;
  }

  /** Ends this instance, once; a request for another one, which is gone already, changes nothing. */
  restart(client: string, instance: string): Controlled {
    if (instance !== this.#options.instance || this.#restarting) return this.state(false);
    this.#restarting = true;
    this.#options.logger.info({ client }, "a restart was asked for");
    this.#options.restart(client);
    return this.state(true);
  }

  #read(): void {
    const row = this.#sql.paused.get();
    this.#paused = row && { since: new Date(Number(row.since)).toISOString(), by: boundedText(String(row.client)) };
    this.#options.hold(row !== undefined);
  }
}
