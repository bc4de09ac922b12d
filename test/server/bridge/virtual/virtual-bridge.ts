import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { Registry } from "prom-client";
import { vi } from "vitest";
import type { BridgeConfig } from "../../../../server/bridge/config.ts";
import { RunningBridge } from "../../../../server/bridge/running-bridge.ts";
import { createAudit } from "../../../../server/telemetry/audit.ts";
import { configFor, type Overrides, type Scratch, scratch } from "../support.ts";
import { VirtualTelegram } from "./virtual-telegram.ts";

/** Turns of the event loop in which a chain of writes and requests without a pause comes to its end. */
const TURNS = 25;
/** The longest step of the clock: between two of them everything that is under way goes on. */
const STEP_MS = 500;
const FILES = ["queue.sqlite", "queue.sqlite-wal"];

/** A whole bridge with its file, before a Telegram without a network, in a time that passes only when it is told to. */
export class VirtualBridge {
  readonly telegram: VirtualTelegram;
  bridge!: RunningBridge;
  #connection!: AbortController;
  #directory!: string;
  #starts = 0;
  readonly #scratch: Scratch;
  readonly #overrides: Overrides;
  readonly log: string[] = [];
  /** Grows with every end of a process: what was under way in it says nothing any more. */
  ends = 0;

  private constructor(directory: Scratch, overrides: Overrides) {
    this.#scratch = directory;
    this.#overrides = overrides;
    this.telegram = new VirtualTelegram();
  }

  static async start(overrides: Overrides, before: (telegram: VirtualTelegram) => void): Promise<VirtualBridge> {
    const virtual = new VirtualBridge(await scratch(), overrides);
    before(virtual.telegram);
    await virtual.#start();
    return virtual;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return Date.now();
  }

  async pass(ms: number): Promise<void> {
    await turns();
    for (let left = ms; left > 0; left -= STEP_MS) {
      vi.advanceTimersByTime(Math.min(left, STEP_MS));
      await turns();
    }
  }

  /** The bridge ends, and another one takes its place. */
  async restart(downMs = 0): Promise<void> {
    await this.#stop();
    vi.advanceTimersByTime(downMs);
    await this.#start();
  }

  /** The process is killed: what is not on disk is gone, and so are the answers that are under way. */
  async crash(downMs = 0): Promise<void> {
    const from = this.#directory;
    this.#connection.abort();
    const to = await this.#next();
    for (const file of FILES) await copyFile(join(from, file), join(to, file)).catch(() => {});
    await this.#stop();
    vi.advanceTimersByTime(downMs);
    await this.#start(to);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    this.telegram.stop();
    await this.#scratch[Symbol.asyncDispose]();
  }

  async #next(): Promise<string> {
    this.#starts += 1;
    const path = join(this.#scratch.path, `${this.#starts}`);
    await mkdir(path, { recursive: true });
    return path;
  }

  async #start(directory = this.#directory): Promise<void> {
    this.#directory = directory ?? (await this.#next());
    this.#connection = new AbortController();
    const config: BridgeConfig = { ...configFor(this.#directory, "http://telegram", this.#overrides), isHidden: true };
    const logger = pino({ level: "warn" }, { write: (line: string) => void this.log.push(line) });
    const audit = createAudit({ enabled: false, content: false, logger, steady: () => performance.now() });
    const options = { config, logger, audit, registry: new Registry(), clock: Date.now, version: "1.2.3" };
    this.bridge = new RunningBridge(
      { ...options, onRestart: () => {} },
      this.telegram.connect(this.#connection.signal),
    );
    await this.bridge.start();
    await turns();
  }

  /** What waits for time to pass has it. */
  async #stop(): Promise<void> {
    this.ends += 1;
    let isOver = false;
    const closed = this.bridge.close().then(() => {
      isOver = true;
    });
    await turns();
    while (!isOver) {
      vi.advanceTimersByTime(STEP_MS);
      await turns();
    }
    await closed;
    this.#connection.abort();
  }
}

async function turns(count = TURNS): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

/** Time stands still from here on, beside what the event loop itself does. */
export function holdTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"] });
}
