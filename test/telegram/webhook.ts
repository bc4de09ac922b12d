import { isIP } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { badRequest } from "./api-error.ts";
import type { Parameters } from "./request-parameters.ts";
import type { Updates } from "./updates.ts";

const SECRET_TOKEN = /^[A-Za-z0-9_-]{1,256}$/;
/** Telegram waits longer; the order of magnitude is all that differs. */
const RETRY_MS = { first: 50, last: 1_000 } as const;
const CALL_LIMIT_MS = 10_000;
/** "": that of https. */
const PORTS: ReadonlySet<string> = new Set(["", "80", "88", "8443"]);

type Failure = { readonly last_error_date: number; readonly last_error_message: string };

/** Calls a bot's webhook with one update after the other, each until it is answered with 2xx. */
export class Webhook {
  readonly #updates: Updates;
  readonly #clock: () => number;
  #secret: string | undefined;
  #connections = 40;
  #failure: Failure | undefined;
  #abort: AbortController | undefined;

  constructor(updates: Updates, clock: () => number) {
    this.#updates = updates;
    this.#clock = clock;
    updates.onPending = () => this.#start();
  }

  set({ url, secret_token, max_connections, allowed_updates, drop_pending_updates }: Parameters): boolean {
    const address = String(url ?? "");
    if (address !== "") checkUrl(address);
    if (secret_token !== undefined && !SECRET_TOKEN.test(String(secret_token))) {
      throw badRequest("secret token contains unallowed characters");
    }
    const connections = Number(max_connections ?? 40);
    if (!(connections >= 1 && connections <= 100)) throw badRequest("max_connections must be from 1 to 100");
    this.#updates.allow(allowed_updates);
    this.stop();
    this.#secret = secret_token === undefined ? undefined : String(secret_token);
    this.#connections = connections;
    this.#failure = undefined;
    this.#updates.webhookUrl = address;
    if (isTrue(drop_pending_updates)) this.#updates.drop();
    if (address !== "") this.#updates.endPoll("terminated by setWebhook request");
    this.#start();
    return true;
  }

  info() {
    const { webhookUrl: url, count } = this.#updates;
    const set = url === "" ? {} : { max_connections: this.#connections };
    return { url, has_custom_certificate: false, pending_update_count: count, ...set, ...this.#failure };
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
  }

  #start(): void {
    if (this.#updates.webhookUrl === "" || this.#abort !== undefined) return;
    const abort = new AbortController();
    this.#abort = abort;
    void this.#run(abort.signal).finally(() => {
      if (this.#abort === abort) this.#abort = undefined;
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    let delay: number = RETRY_MS.first;
    while (!signal.aborted && this.#updates.count > 0) {
      const problem = await this.#call(signal);
      if (signal.aborted) return;
      if (problem === undefined) {
        this.#updates.confirmFirst();
        delay = RETRY_MS.first;
        continue;
      }
      this.#failure = { last_error_date: Math.floor(this.#clock() / 1000), last_error_message: problem };
      await sleep(delay);
      delay = Math.min(delay * 2, RETRY_MS.last);
    }
  }

  /** Why the first update was not taken. */
  async #call(signal: AbortSignal): Promise<string | undefined> {
    const secret = this.#secret === undefined ? {} : { "x-telegram-bot-api-secret-token": this.#secret };
    try {
      const answer = await fetch(this.#updates.webhookUrl, {
        method: "POST",
        headers: { "content-type": "application/json", ...secret },
        body: JSON.stringify(this.#updates.handOutFirst()),
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_LIMIT_MS)]),
      });
      await answer.text();
      return answer.ok ? undefined : `Wrong response from the webhook: ${answer.status} ${answer.statusText}`;
    } catch {
      return "Connection refused";
    }
  }
}

/** Other ports, and http, only to this machine, as a Bot API server of one's own allows (`--local`). */
function checkUrl(address: string): void {
  const url = URL.parse(address);
  const host = url?.hostname.replace(/^\[|\]$/g, "") ?? "";
  const isOwn = host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
  if (url?.protocol === "https:" && !isOwn && !PORTS.has(url.port)) {
    throw badRequest("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443");
  }
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isOwn)) return;
  throw badRequest("bad webhook: An HTTPS URL must be provided for webhook");
}

function isTrue(value: unknown): boolean {
  return value === true || value === "true" || value === "True";
}
