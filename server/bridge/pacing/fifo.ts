/** Ids, first in, first out, and in order. Taking any of them costs about the same, whatever waits before and behind it. */
export class Fifo {
  #ids: number[] = [];
  #first = 0;
  /** Those that stand there and do not count any more; the first one always counts. */
  readonly #removed = new Set<number>();

  get head(): number | undefined {
    return this.#ids[this.#first];
  }

  get ids(): readonly number[] {
    return this.#ids.slice(this.#first).filter((id) => !this.#removed.has(id));
  }

  get size(): number {
    return this.#ids.length - this.#first - this.#removed.size;
  }

  /** One that had its place before is put there again. */
  push(id: number): void {
    if (this.#ids.length > this.#first && (this.#ids.at(-1) ?? id) >= id) this.merge([id]);
    else this.#ids.push(id);
  }

  /** Takes others in, in order of the ids. */
  merge(ids: readonly number[]): void {
    this.#ids = [...new Set([...this.ids, ...ids])].sort((a, b) => a - b);
    this.#first = 0;
    this.#removed.clear();
  }

  remove(id: number): void {
    if (this.head === id) this.#first += 1;
    else if (this.#has(id)) this.#removed.add(id);
    for (let { head } = this; head !== undefined && this.#removed.delete(head); head = this.head) this.#first += 1;
    const gone = this.#first + this.#removed.size;
    if (gone > 1024 && gone * 2 > this.#ids.length) this.merge([]);
  }

  #has(id: number): boolean {
    let [low, high] = [this.#first, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] ?? id) < id) low = middle + 1;
      else high = middle;
    }
    return this.#ids[low] === id;
  }
}
