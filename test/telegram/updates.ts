import { ApiError } from "./api-error.ts";

export type Update = { readonly update_id: number } & Readonly<Record<string, unknown>>;

/** Longest wait of getUpdates (Client.cpp: `timeout` is clamped to 50 s). */
const LONGEST_POLL_SECONDS = 50;

type Poll = { readonly end: (error?: ApiError) => void };

/** The updates of a bot: kept until a larger offset confirms them, given to one poller only. */
export class Updates {
  /** Set: getUpdates is refused, as with an active webhook. */
  webhookUrl = "";
  #pending: Update[] = [];
  #nextId = 1;
  #poll: Poll | undefined;

  get count(): number {
    return this.#pending.length;
  }

  push(content: Readonly<Record<string, unknown>>): Update {
    const update = { update_id: this.#nextId, ...content };
    this.#nextId += 1;
    this.#pending.push(update);
    this.#poll?.end();
    return update;
  }

  /** A second poller ends the first with 409: Telegram lets the newest one win. */
  async get(offset: number, limit: number, timeoutSeconds: number): Promise<readonly Update[]> {
    if (this.webhookUrl !== "") {
      throw new ApiError(409, "Conflict: can't use getUpdates method while webhook is active", { violation: true });
    }
    this.#poll?.end(
      new ApiError(
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
        { violation: true },
      ),
    );
    if (offset > 0) this.#pending = this.#pending.filter(({ update_id }) => update_id >= offset);
    if (this.#pending.length === 0 && timeoutSeconds > 0) await this.#wait(timeoutSeconds);
    const from = offset < 0 ? this.#pending.slice(offset) : this.#pending;
    return from.slice(0, Math.min(Math.max(limit, 1), 100));
  }

  stop(): void {
    this.#poll?.end();
  }

  #wait(seconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => end(), Math.min(seconds, LONGEST_POLL_SECONDS) * 1000);
      const end = (error?: ApiError) => {
        clearTimeout(timer);
        this.#poll = undefined;
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#poll = { end };
    });
  }
}
