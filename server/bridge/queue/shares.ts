/** What waits for delivery. */
export type Load = { readonly messages: number; readonly bytes: number };

export type ShareLimits = {
  /** Of all clients together. */
  readonly total: Load;
  /** The part of it that one client may hold, above 0 and up to 1. */
  readonly clientShare: number;
};

export type ShareProblem = { readonly whose: "all" | "client"; readonly message: string };

const NOTHING: Load = { messages: 0, bytes: 0 };

/** Who holds how much of the queue, and whether more may come. Pure bookkeeping. */
export class Shares {
  readonly #limits: ShareLimits;
  readonly #byClient = new Map<string, Load>();
  #total = NOTHING;

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  get total(): Load {
    return this.#total;
  }

  /** Most first. */
  get messagesByClient(): readonly { readonly client: string; readonly messages: number }[] {
    const held = [...this.#byClient].map(([client, { messages }]) => ({ client, messages }));
    return held.sort((a, b) => b.messages - a.messages);
  }

  add(client: string, load: Load): void {
    this.#total = sum(this.#total, load, 1);
    this.#byClient.set(client, sum(this.#of(client), load, 1));
  }

  remove(client: string, load: Load): void {
    this.#total = sum(this.#total, load, -1);
    const left = sum(this.#of(client), load, -1);
    if (left.messages > 0) this.#byClient.set(client, left);
    else this.#byClient.delete(client);
  }

  clear(): void {
    this.#total = NOTHING;
    this.#byClient.clear();
  }

  /** Why a client's event may not come in now. A client that holds nothing may always bring one event, while there is room. */
  problem(client: string, load: Load): ShareProblem | undefined {
    const { total, clientShare } = this.#limits;
    const held = this.#of(client);
    const own = { messages: Math.floor(total.messages * clientShare), bytes: Math.floor(total.bytes * clientShare) };
    if (clientShare < 1 && held.messages > 0 && exceeds(sum(held, load, 1), own)) {
      return { whose: "client", message: `${shown(held)} of the client wait, and it may hold ${shown(own)}.` };
    }
    if (!exceeds(sum(this.#total, load, 1), total)) return undefined;
    return { whose: "all", message: `The queue is full: ${shown(this.#total)} wait, and it holds ${shown(total)}.` };
  }

  #of(client: string): Load {
    return this.#byClient.get(client) ?? NOTHING;
  }
}

function sum(a: Load, b: Load, sign: 1 | -1): Load {
  return { messages: a.messages + sign * b.messages, bytes: a.bytes + sign * b.bytes };
}

function exceeds(load: Load, limit: Load): boolean {
  return load.messages > limit.messages || load.bytes > limit.bytes;
}

function shown({ messages, bytes }: Load): string {
  return `${messages} messages (${Math.ceil(bytes / 1024)} KiB)`;
}
