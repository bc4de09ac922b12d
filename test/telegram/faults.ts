/** What happens to coming requests of one method (default: sendMessage). */
export type Fault = { readonly times: number; readonly method?: string } & (
  | { readonly kind: "status"; readonly status: number; readonly description?: string; readonly body?: string }
  /** 429; `scope` says which bucket is paused, so that earlier requests count as violations. */
  | { readonly kind: "rate_limit"; readonly seconds: number; readonly scope?: "chat" | "bot" }
  /** No answer until the client gives up. The message is recorded or not. */
  | { readonly kind: "hang"; readonly when?: "before" | "after" }
  /** The connection is cut before the message is recorded, or after it and before the answer. */
  | { readonly kind: "reset"; readonly when: "before" | "after" }
  | { readonly kind: "delay"; readonly ms: number }
);

/** Faults in order: each is used up before the next of the same method has its turn. */
export class Faults {
  /** Every connection is cut at once. */
  outage = false;
  /** Every token is refused. */
  unauthorised = false;
  #planned: Fault[] = [];

  plan(...faults: readonly Fault[]): void {
    this.#planned.push(...faults);
  }

  copy(): Faults {
    const copy = new Faults();
    copy.plan(...this.#planned);
    copy.outage = this.outage;
    copy.unauthorised = this.unauthorised;
    return copy;
  }

  clear(): void {
    this.#planned = [];
    this.outage = false;
    this.unauthorised = false;
  }

  take(method: string): Fault | undefined {
    const index = this.#planned.findIndex((fault) => (fault.method ?? "sendMessage") === method);
    const fault = this.#planned[index];
    if (fault === undefined) return undefined;
    if (fault.times > 1) this.#planned[index] = { ...fault, times: fault.times - 1 };
    else this.#planned.splice(index, 1);
    return fault;
  }
}
