import type { ChatLine } from "./chat-line.ts";
import { Heap } from "./heap.ts";
import { laneCount } from "./lanes.ts";

/** Where a chat stands: what it would send next, and from when on. */
type Place = {
  readonly chatId: number;
  readonly line: ChatLine;
  readonly lane: number;
  readonly id: number;
  readonly at: number;
  readonly lastServed: number;
};

/**
 * The chats in which something waits, by the lane of what is next there: those whose time has come by who is next, the others by when it
 * comes. Whoever changes a chat puts it here again. A turn costs the logarithm of the chats, not all of them.
 */
export class Schedule {
  readonly #later = Array.from({ length: laneCount }, () => new Heap<Place>((a, b) => a.at < b.at));
  readonly #due = Array.from({ length: laneCount }, () => new Heap<Place>(goesBefore));
  /** Whatever else is in the heaps does not count any more. */
  readonly #places = new Map<ChatLine, Place>();

  put(chatId: number, line: ChatLine): void {
    const { turn, readyAt: at, lastServed } = line;
    const known = this.#places.get(line);
    if (turn === undefined || at === Number.POSITIVE_INFINITY) return void this.#places.delete(line);
    const { lane, id } = turn;
    const isSame = known?.id === id && known.at === at && known.lane === lane && known.lastServed === lastServed;
    if (isSame) return;
    const place = { chatId, line, lane, id, at, lastServed };
    this.#places.set(line, place);
    this.#push(this.#later[lane], place);
  }

  forget(line: ChatLine): void {
    this.#places.delete(line);
  }

  /** The chat that is next in a lane; undefined when the time of none has come. */
  due(lane: number, now: number): Place | undefined {
    const [later, due] = [this.#later[lane], this.#due[lane]];
    for (let place = this.#first(later); place !== undefined && place.at <= now; place = this.#first(later)) {
      later?.pop();
      this.#push(due, place);
    }
    return this.#first(due);
  }

  /** When the time of the next chat of a lane comes, of those whose has not. */
  nextAt(lane: number): number {
    return this.#first(this.#later[lane])?.at ?? Number.POSITIVE_INFINITY;
  }

  #push(heap: Heap<Place> | undefined, place: Place): void {
    heap?.push(place);
    if (heap !== undefined && heap.size > 2 * this.#places.size + 64) heap.keep((each) => this.#counts(each));
  }

  #first(heap: Heap<Place> | undefined): Place | undefined {
    while (heap?.least !== undefined && !this.#counts(heap.least)) heap.pop();
    return heap?.least;
  }

  #counts(place: Place): boolean {
    return this.#places.get(place.line) === place;
  }
}

/** The chat that was served longest ago, and of those never served the one with the oldest message. */
function goesBefore(a: Place, b: Place): boolean {
  return a.lastServed === b.lastServed ? a.id < b.id : a.lastServed < b.lastServed;
}
