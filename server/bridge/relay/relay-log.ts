import { type Publication, type RelayLimits, type RelayMessage, relayLimits } from "../../../contract/relay.ts";

type Entry = { readonly message: RelayMessage; readonly bytes: number; readonly at: number; readonly id?: string };

export type LogPage = {
  readonly messages: readonly RelayMessage[];
  /** Everything up to here is told. */
  readonly position: number;
  /** The log does not hold everything after the position that was asked from. */
  readonly missed: boolean;
  readonly more: boolean;
};

/** The newest messages of all topics. Positions grow by one; what is too old, too much or too large goes first. */
export class RelayLog {
  readonly #limits: RelayLimits["log"];
  readonly #onDropped: () => void;
  #entries: (Entry | undefined)[] = [];
  /** Index of the oldest; the places before it are empty. */
  #oldest = 0;
  #bytes = 0;
  #position: number;
  readonly #ids = new Map<string, number>();

  /** `start` is the position before the first message; `onDropped` is told of each that goes before its time. */
  constructor(start: number, limits: RelayLimits["log"] = relayLimits.log, onDropped: () => void = () => {}) {
    this.#position = start;
    this.#limits = limits;
    this.#onDropped = onDropped;
  }

  /** Of the newest message. */
  get position(): number {
    return this.#position;
  }

  get size(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#entries.length - this.#oldest, bytes: this.#bytes };
  }

  /** Position of a message that came before under the same id. */
  positionOf(id: string | undefined): number | undefined {
    return id === undefined ? undefined : this.#ids.get(id);
  }

  append({ topic, text, id }: Publication, at: number): number {
    this.#position += 1;
    const message = { position: this.#position, topic, text };
    const bytes = Buffer.byteLength(text) + topic.length;
    this.#entries.push({ message, bytes, at, ...(id !== undefined && { id }) });
    this.#bytes += bytes;
    if (id !== undefined) this.#ids.set(id, this.#position);
    this.forget(at);
    return this.#position;
  }

  /** What comes after a position, up to so many bytes but at least one message; of one topic or of all. */
  read(after: number, bytes: number, topic?: string): LogPage {
    const before = this.#position - this.size.messages;
    const missed = after < before || after > this.#position;
    const messages: RelayMessage[] = [];
    let room = bytes;
    for (let index = this.#oldest + (missed ? 0 : after - before); index < this.#entries.length; index += 1) {
      const entry = this.#entries[index];
      if (entry === undefined || (topic !== undefined && entry.message.topic !== topic)) continue;
      if (entry.bytes > room && messages.length > 0) {
        return { messages, missed, more: true, position: messages.at(-1)?.position ?? before };
      }
      room -= entry.bytes;
      messages.push(entry.message);
    }
    return { messages, missed, more: false, position: this.#position };
  }

  /** Drops what is over the limits. */
  forget(now: number): void {
    const { bytes, messages, ageMs } = this.#limits;
    for (;;) {
      const oldest = this.#entries[this.#oldest];
      if (oldest === undefined) break;
      const isOld = now - oldest.at > ageMs;
      if (this.#bytes <= bytes && this.size.messages <= messages && !isOld) break;
      if (!isOld) this.#onDropped();
      if (oldest.id !== undefined) this.#ids.delete(oldest.id);
      this.#bytes -= oldest.bytes;
      this.#entries[this.#oldest] = undefined;
      this.#oldest += 1;
    }
    this.#compact();
  }

  /** Removes the empty places; a copy now and then, not with every message. */
  #compact(): void {
    if (this.#oldest === 0 || this.#oldest * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#oldest);
    this.#oldest = 0;
  }
}
