import { createHmac } from "node:crypto";
import type { Logger } from "../../telemetry/logger.ts";
import { type EndedApproval, toldApproval } from "../approvals/kept-approval.ts";
import type { WebhookConfig } from "../config.ts";
import { backoffMs } from "../pacing/backoff.ts";
import type { Store } from "../storage/store.ts";
import { webhookBody } from "./body.ts";
import { type Call, Outbox } from "./outbox.ts";

export type WebhooksOptions = {
  readonly store: Store;
  readonly fetch: typeof fetch;
  readonly logger: Logger;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
};

/** With delays of at most a minute that is about a day. */
const ATTEMPTS = 1_500;
const LIMIT_MS = 10_000;
const STORAGE_RETRY_MS = 1_000;

/** Calls the configured URL for everything in the outbox, one call after the other, until each was taken. */
export class Webhooks {
  readonly #config: WebhookConfig;
  readonly #options: WebhooksOptions;
  readonly #outbox: Outbox;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(config: WebhookConfig, options: WebhooksOptions) {
    this.#config = config;
    this.#options = options;
    this.#outbox = new Outbox(options.store);
  }

  /** Adds what is to be told to the transaction of the write that calls it. */
  add(approval: EndedApproval, at: number): void {
    const { client, votes } = approval;
    this.#outbox.add(JSON.stringify(webhookBody(client, toldApproval(approval, votes))), at);
  }

  /** There may be something to call for. */
  wake(): void {
    clearTimeout(this.#timer);
    if (this.#stop.signal.aborted) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** A call under way is given up; it is made again after the next start. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { now } = this.#options;
    for (;;) {
      if (this.#stop.signal.aborted) return;
      const call = this.#outbox.first();
      if (call === undefined) return;
      const wait = call.notBefore - now();
      if (wait > 0) return this.#later(wait);
      try {
        await this.#make(call);
      } catch {
        // The storage says so itself.
        return this.#later(STORAGE_RETRY_MS);
      }
    }
  }

  #later(ms: number): void {
    if (!this.#stop.signal.aborted) this.#timer = setTimeout(() => this.wake(), ms);
  }

  async #make(call: Call): Promise<void> {
    const { now, random, logger } = this.#options;
    const problem = await this.#request(call);
    if (this.#stop.signal.aborted && problem !== undefined) return;
    if (problem === undefined) return this.#outbox.done(call.id);
    const details = { webhook_call: call.id, attempt: call.attempts + 1, reason: problem };
    if (call.attempts + 1 >= ATTEMPTS) {
      logger.error(details, "the webhook has refused a call for a day; it is given up");
      return this.#outbox.done(call.id);
    }
    logger.warn(details, "the webhook did not take a call; it is made again");
    return this.#outbox.again(call.id, now() + backoffMs(call.attempts, random));
  }

  /** What went wrong; undefined when the receiver has it. */
  async #request({ id, body }: Call): Promise<string | undefined> {
    const { now } = this.#options;
    const { url, secret } = this.#config;
    const timestamp = String(Math.floor(now() / 1000));
    const signature = secret && webhookSignature(secret, timestamp, body);
    try {
      const answer = await this.#options.fetch(url, {
        method: "POST",
        body,
        // A redirect would carry what a person said to an address that nobody has configured.
        redirect: "manual",
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(LIMIT_MS)]),
        headers: {
          "content-type": "application/json",
          "x-cctelegram-delivery": String(id),
          "x-cctelegram-timestamp": timestamp,
          ...(signature && { "x-cctelegram-signature": signature }),
        },
      });
      await answer.body?.cancel();
      return answer.ok ? undefined : `it answered ${answer.status}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

/** The value of X-CCTelegram-Signature: HMAC-SHA-256 of `<timestamp>.<body>`. */
export function webhookSignature(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
}
