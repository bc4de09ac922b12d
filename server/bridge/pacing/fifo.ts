/** Ids, first in, first out. Taking the first costs the same whatever waits behind it. */
export class Fifo {
  #ids: number[] = [];
  #first = 0;

  get head(): number | undefined {
    return this.#ids[this.#first];
  }

  get ids(): readonly number[] {
    return this.#ids.slice(this.#first);
  }

  /** One that had its place before is put there again. */
  push(id: number): void {
    if (this.#ids.length > this.#first && (this.#ids.at(-1) ?? id) > id) this.merge([id]);
    else this.#ids.push(id);
  }

  /** Takes others in, in order of the ids. */
  merge(ids: readonly number[]): void {
    this.#ids = [...this.ids, ...ids].sort((a, b) => a - b);
    this.#first = 0;
  }

  remove(id: number): void {
    if (this.head !== id) {
      this.#ids = this.ids.filter((each) => each !== id);
      this.#first = 0;
      return;
    }
    this.#first += 1;
    if (this.#first > 1024 && this.#first * 2 > this.#ids.length) this.merge([]);
  }
}
