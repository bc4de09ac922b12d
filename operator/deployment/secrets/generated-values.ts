/**
 * Generated values until they are stored. While the API server refuses a Secret, every retry has to use the same
 * value: with another one the pods that read it would be replaced each time.
 */
export class GeneratedValues {
  readonly #generate: () => string;
  /** By resource, then by name of the Secret. */
  readonly #pending = new Map<string, Map<string, string>>();

  constructor(generate: () => string) {
    this.#generate = generate;
  }

  /** The stored value, else the pending one. The uid in `resource` distinguishes resources of the same name. */
  value(resource: string, secret: string, stored: string | undefined): string {
    const pending = this.#pending.get(resource);
    if (stored) {
      if (pending?.delete(secret) && pending.size === 0) this.#pending.delete(resource);
      return stored;
    }
    const value = pending?.get(secret) ?? this.#generate();
    if (pending) pending.set(secret, value);
    else this.#pending.set(resource, new Map([[secret, value]]));
    return value;
  }

  /** What is stored by now is not pending: when its Secret is deleted, there has to be another value. */
  settle(resource: string, isStored: (secret: string, value: string) => boolean): void {
    const pending = this.#pending.get(resource);
    for (const [secret, value] of pending ?? []) if (isStored(secret, value)) pending?.delete(secret);
    if (pending?.size === 0) this.#pending.delete(resource);
  }

  /** The resource was deleted, and its values with it. */
  forget(resource: string): void {
    this.#pending.delete(resource);
  }
}
