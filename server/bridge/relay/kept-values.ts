import { ServerError } from "../../../contract/errors.ts";
import { type RelayLimits, relayLimits } from "../../../contract/relay.ts";

type Topic = { readonly values: Map<string, string>; bytes: number };

/** The last values of topics by key. Of too many, those of the topic that was used least recently are forgotten first. */
export class KeptValues {
  readonly #limits: RelayLimits["kept"];
  readonly #onForgotten: (count: number) => void;
  /** Least recently used first; none is empty. */
  readonly #topics = new Map<string, Topic>();
  #bytes = 0;
  #values = 0;

  /** `onForgotten` is told how many values went for lack of room. */
  constructor(limits: RelayLimits["kept"] = relayLimits.kept, onForgotten: (count: number) => void = () => {}) {
    this.#limits = limits;
    this.#onForgotten = onForgotten;
  }

  get size(): { readonly values: number; readonly bytes: number } {
    return { values: this.#values, bytes: this.#bytes };
  }

  /** Sets a value; "" deletes it. Throws RELAY_LIMIT_EXCEEDED when the topic would hold too much, and changes nothing. */
  set(name: string, key: string, text: string): void {
    const topic = this.#topics.get(name) ?? { values: new Map(), bytes: 0 };
    const old = topic.values.get(key);
    const bytes = (text === "" ? 0 : sizeOf(name, key, text)) - (old === undefined ? 0 : sizeOf(name, key, old));
    const values = (text === "" ? 0 : 1) - (old === undefined ? 0 : 1);
    this.#require(topic.bytes + bytes, topic.values.size + values);
    if (text === "") topic.values.delete(key);
    else topic.values.set(key, text);
    topic.bytes += bytes;
    this.#bytes += bytes;
    this.#values += values;
    this.#topics.delete(name);
    if (topic.values.size > 0) this.#topics.set(name, topic);
    this.#forget();
  }

  /** The values of a topic by key. */
  of(name: string): Readonly<Record<string, string>> {
    const topic = this.#topics.get(name);
    if (topic === undefined) return {};
    this.#topics.delete(name);
    this.#topics.set(name, topic);
    return Object.fromEntries(topic.values);
  }

  #require(bytes: number, values: number): void {
    const { bytesOfTopic, values: most } = this.#limits;
    if (bytes <= bytesOfTopic && values <= most) return;
    const reason = `a topic keeps at most ${most} values and ${bytesOfTopic / 1024} KiB`;
    throw new ServerError("RELAY_LIMIT_EXCEEDED", { reason });
  }

  #forget(): void {
    for (const [name, { values, bytes }] of this.#topics) {
      if (this.#bytes <= this.#limits.bytes && this.#values <= this.#limits.values) return;
      this.#topics.delete(name);
      this.#bytes -= bytes;
      this.#values -= values.size;
      this.#onForgotten(values.size);
    }
  }
}

/** The topic's name counts with every value: so do topics with one value each. */
function sizeOf(name: string, key: string, text: string): number {
  return Buffer.byteLength(text) + key.length + name.length;
}
