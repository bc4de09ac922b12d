import { setTimeout as sleep } from "node:timers/promises";
import type { Bridge, BridgeOptions } from "../bridge/bridge.ts";
import type { LocalBridge } from "../bridge-client/local-bridge-client.ts";
import { openBridge } from "./bridge.ts";

export type OwnBridge = {
  /** The bridge of the moment. */
  readonly local: LocalBridge;
  readonly url: string;
  /** Closes it for good. */
  close(): Promise<void>;
};

/** How long a call waits for the next bridge. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 1_000;

/**
 * A bridge in the process of its server. Nobody starts that process again, and its client would lose it: so for a restart
 * this bridge ends, as one in a process of its own does, and another one is opened on the same file and port.
 */
export async function openOwnBridge(options: Omit<BridgeOptions, "onRestart">): Promise<OwnBridge> {
  const own = new Reopened(options);
  await own.open();
  return own;
}

class Reopened implements OwnBridge {
  readonly #options: Omit<BridgeOptions, "onRestart">;
  readonly local: LocalBridge;
  #bridge: Bridge | undefined;
  #reopening: Promise<void> | undefined;
  #closed = false;

  constructor(options: Omit<BridgeOptions, "onRestart">) {
    this.#options = options;
    const bridge = () => this.#current();
    this.local = {
      whenOpen: () => this.#whenOpen(),
      accept: (event) => bridge().accept(event),
      status: () => bridge().status(),
      eventStatus: (...asked) => bridge().eventStatus(...asked),
      responses: (query) => bridge().responses(query),
      countResponses: (query) => bridge().countResponses(query),
      clearResponses: (clearing) => bridge().clearResponses(clearing),
      get approvals() {
        return bridge().approvals;
      },
      get channel() {
        return bridge().channel;
      },
      get pairings() {
        return bridge().pairings;
      },
      get todos() {
        return bridge().todos;
      },
      get monitoring() {
        return bridge().monitoring;
      },
      get relay() {
        return bridge().relay;
      },
      get control() {
        return bridge().control;
      },
      get attention() {
        return bridge().attention;
      },
    };
  }

  get url(): string {
    return this.#current().url;
  }

  async open(): Promise<void> {
    const { registry, config } = this.#options;
    // The next one counts anew, as after the restart of a process.
    const before = new Set(registry.getMetricsAsArray().map(({ name }) => name));
    const forget = () => {
      for (const { name } of registry.getMetricsAsArray()) if (!before.has(name)) registry.removeSingleMetric(name);
    };
    const port = this.#bridge?.url ? Number(new URL(this.#bridge.url).port) : config.port;
    try {
      const onRestart = () => this.#restart(forget);
      this.#bridge = await openBridge({ ...this.#options, config: { ...config, port }, onRestart });
    } catch (error) {
      forget();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#reopening;
    await this.#bridge?.close();
  }

  async #whenOpen(): Promise<void> {
    if (this.#reopening === undefined) return;
    await Promise.race([this.#reopening, sleep(PATIENCE_MS, undefined, { ref: false })]);
  }

  #restart(forget: () => void): void {
    this.#reopening = this.#reopen(forget).finally(() => {
      this.#reopening = undefined;
    });
  }

  async #reopen(forget: () => void): Promise<void> {
    const { logger } = this.#options;
    await this.#bridge?.close();
    forget();
    while (!this.#closed) {
      try {
        return await this.open();
      } catch (error) {
        logger.error({ reason: (error as Error).message }, "the bridge cannot be opened again yet");
        await sleep(RETRY_MS);
      }
    }
  }

  #current(): Bridge {
    if (this.#bridge === undefined) throw new Error("The bridge is used before it is open.");
    return this.#bridge;
  }
}
