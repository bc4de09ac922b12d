import { ApiError, badRequest } from "./api-error.ts";

export type Update = { readonly update_id: number } & Readonly<Record<string, unknown>>;

/** Longest wait of getUpdates (Client.cpp: `timeout` is clamped to 50 s). */
const LONGEST_POLL_SECONDS = 50;
/** An offset farther ahead is taken for one of before the ids began anew: then everything is handed out (TQueue.cpp). */
const FARTHEST_AHEAD = 10;

const KINDS = new Set([
  "message",
  "edited_message",
  "channel_post",
  "edited_channel_post",
  "callback_query",
  "inline_query",
  "chosen_inline_result",
  "shipping_query",
  "pre_checkout_query",
  "poll",
  "poll_answer",
  "my_chat_member",
  "chat_member",
  "chat_join_request",
  "message_reaction",
  "message_reaction_count",
]);

export type UpdatesRequest = {
  readonly offset: number;
  readonly limit: number;
  readonly timeoutSeconds: number;
  readonly allowed: unknown;
  /** The client is gone. */
  readonly gone: AbortSignal;
};

type Poll = { readonly end: (error?: ApiError) => void };

/** The updates of a bot: kept until a larger offset or a webhook's answer confirms them, given to one consumer only. */
export class Updates {
  /** Set: getUpdates is refused. */
  webhookUrl = "";
  /** How often each was handed out, to checkers of histories. */
  readonly handedOut = new Map<number, number>();
  /** Told of every update that waits. */
  onPending = () => {};
  #pending: Update[] = [];
  #nextId = 1;
  #allowed: ReadonlySet<string> | undefined;
  #poll: Poll | undefined;

  get count(): number {
    return this.#pending.length;
  }

  get first(): Update | undefined {
    return this.#pending[0];
  }

  /** Goes on with another id, as Telegram does after a week without updates. */
  goOnFrom(id: number): void {
    this.#nextId = id;
  }

  /** As a request with `allowed_updates` says, for updates from now on; undefined leaves it as it was, [] is the default. */
  allow(kinds: unknown): void {
    if (kinds === undefined) return;
    if (!Array.isArray(kinds)) throw badRequest("can't parse allowed_updates: expected an Array");
    const unknown = kinds.find((kind) => !KINDS.has(kind));
    if (unknown !== undefined) throw badRequest(`unknown kind of update "${unknown}"`);
    this.#allowed = kinds.length === 0 ? undefined : new Set(kinds);
  }

  /** Undefined when the bot did not ask for updates of that kind. */
  push(content: Readonly<Record<string, unknown>>): Update | undefined {
    if (this.#allowed !== undefined && !Object.keys(content).some((kind) => this.#allowed?.has(kind))) return undefined;
    const update = { update_id: this.#nextId, ...content };
    this.#nextId += 1;
    this.#pending.push(update);
    this.#poll?.end();
    this.onPending();
    return update;
  }

  /** A second poller ends the first with 409: Telegram lets the newest one win. */
  async get({ offset, limit, timeoutSeconds, allowed, gone }: UpdatesRequest): Promise<readonly Update[]> {
    if (this.webhookUrl !== "") {
      throw conflict(
        "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
      );
    }
    this.allow(allowed);
    this.endPoll("terminated by other getUpdates request; make sure that only one bot instance is running");
    if (offset > 0 && offset <= this.#nextId - 1 + FARTHEST_AHEAD) {
      this.#pending = this.#pending.filter(({ update_id }) => update_id >= offset);
    }
    if (this.#pending.length === 0 && timeoutSeconds > 0) await this.#wait(timeoutSeconds, gone);
    if (gone.aborted) return [];
    const from = offset < 0 ? this.#pending.slice(offset) : this.#pending;
    const batch = from.slice(0, Math.min(Math.max(limit, 1), 100));
    for (const { update_id } of batch) this.#count(update_id);
    return batch;
  }

  /** A webhook has taken the first one. */
  confirmFirst(): void {
    this.#pending.shift();
  }

  handOutFirst(): Update | undefined {
    const { first } = this;
    if (first !== undefined) this.#count(first.update_id);
    return first;
  }

  drop(): void {
    this.#pending = [];
  }

  endPoll(reason: string): void {
    this.#poll?.end(conflict(reason));
  }

  stop(): void {
    this.#poll?.end();
  }

  #count(id: number): void {
    this.handedOut.set(id, (this.handedOut.get(id) ?? 0) + 1);
  }

  #wait(seconds: number, gone: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => end(), Math.min(seconds, LONGEST_POLL_SECONDS) * 1000);
      const end = (error?: ApiError) => {
        clearTimeout(timer);
        gone.removeEventListener("abort", onGone);
        this.#poll = undefined;
        if (error === undefined) resolve();
        else reject(error);
      };
      const onGone = () => end();
      gone.addEventListener("abort", onGone);
      this.#poll = { end };
    });
  }
}

function conflict(reason: string): ApiError {
  return new ApiError(409, `Conflict: ${reason}`, { violation: true });
}
