import type { ServerResponse } from "node:http";

export type Listener = {
  readonly response: Pick<ServerResponse, "write" | "end" | "destroy" | "once" | "writableLength">;
  /** False when it may not listen any longer. */
  readonly isValid: () => boolean;
};

export type ListenersOptions = {
  /** What is told, as text without line breaks. */
  readonly next: () => Promise<string>;
  readonly everyMs: number;
  /** At the same time. */
  readonly most: number;
};

/** Times in a row for which a listener may not have taken what it was told before. */
const patience = 5;

/**
 * Tells all listeners the same, again and again, as server-sent events. One that reads slowly gets the newest when it has taken
 * what it was told before, and is let go when it takes nothing: of each at most one event waits.
 */
export class Listeners {
  readonly #options: ListenersOptions;
  readonly #all = new Map<Listener, { missed: number }>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#all.size;
  }

  /** True: there is no room for another one, or it is over. */
  get isFull(): boolean {
    return this.#closed || this.#all.size >= this.#options.most;
  }

  add(listener: Listener): void {
    this.#all.set(listener, { missed: 0 });
    listener.response.once("close", () => this.#all.delete(listener));
    void this.#tell([listener]);
    this.#timer ??= setInterval(() => void this.#tell([...this.#all.keys()]), this.#options.everyMs).unref();
  }

  /** Ends all; later ones are not taken. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const { response } of this.#all.keys()) response.end();
    this.#all.clear();
  }

  async #tell(listeners: readonly Listener[]): Promise<void> {
    if (this.#all.size === 0) return this.#rest();
    const text = await this.#options.next().catch(() => undefined);
    // What cannot be told now is told the next time.
    if (text === undefined) return;
    const event = `data: ${text}\n\n`;
    for (const listener of listeners) this.#send(listener, event);
  }

  #send(listener: Listener, event: string): void {
    const { response, isValid } = listener;
    const state = this.#all.get(listener);
    if (state === undefined) return;
    if (!isValid()) {
      this.#all.delete(listener);
      response.end();
    } else if (response.writableLength === 0) {
      state.missed = 0;
      response.write(event);
    } else if (state.missed < patience) {
      state.missed += 1;
    } else {
      this.#all.delete(listener);
      response.destroy();
    }
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
