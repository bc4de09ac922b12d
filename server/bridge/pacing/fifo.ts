/** Ids in their order. What one costs that comes, goes first or is taken out does not depend on how many wait. */
export class Fifo {
  /** Grow from `#first` on. */
  #ids: number[] = [];
  #first = 0;
  /** Those of them that were taken out from behind others. */
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
    if (this.#removed.delete(id)) return;
    const place = this.#placeOf(id);
    if (place === this.#ids.length) this.#ids.push(id);
    else if (this.#ids[place] !== id) this.#ids.splice(place, 0, id);
  }

  /** Takes others in, in order of the ids. */
  merge(ids: readonly number[]): void {
    this.#ids = [...new Set([...this.ids, ...ids])].sort((a, b) => a - b);
    this.#first = 0;
    this.#removed.clear();
  }

  remove(id: number): void {
    if (this.#ids[this.#placeOf(id)] !== id) return;
    this.#removed.add(id);
    while (this.head !== undefined && this.#removed.delete(this.head)) this.#first += 1;
    const gone = this.#first + this.#removed.size;
    if (gone > 1024 && gone * 2 > this.#ids.length) this.merge([]);
  }

  /** Where it is, or would be. */
  #placeOf(id: number): number {
    let [from, to] = [this.#first, this.#ids.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#ids[middle] ?? id) < id) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
