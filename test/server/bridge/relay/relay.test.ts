import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventTopic, type RelayLimits, type RelayMessage, relayLimits, relayName } from "../../../../contract/relay.ts";
import { RelayHub } from "../../../../server/bridge/relay/relay.ts";

const small: RelayLimits = {
  log: { bytes: 400, messages: 12, ageMs: 1_000 },
  kept: { bytes: 300, values: 6, bytesOfTopic: 200 },
  followers: 3,
  answerBytes: 120,
};

const never = new AbortController().signal;

function relayAt(limits: RelayLimits = relayLimits, epoch = "first") {
  const clock = { now: 1_000 };
  return { clock, hub: new RelayHub({ now: () => clock.now, epoch, limits }) };
}

const texts = (messages: readonly RelayMessage[]) => messages.map(({ text }) => text);

/** What a relay should say, kept without any bound beside the relay itself. */
class Model {
  readonly #relay = relayAt(small);
  readonly #published: RelayMessage[] = [];
  readonly #values = new Map<string, Map<string, string>>();
  readonly #start: number;
  readonly #places: number[];

  constructor() {
    const { clock } = this.#relay;
    this.#start = clock.now * 1_000;
    this.#places = [0, 1, 2].map(() => this.#start);
  }

  pass(ms: number): void {
    this.#relay.clock.now += ms;
  }

  publish(topic: string, size: number, keep: string | undefined): void {
    const text = `${this.#published.length}`.padEnd(size, "x");
    const position = this.#relay.hub.publish({ topic, text, ...(keep !== undefined && { keep }) });
    expect(position).toBe(this.#start + this.#published.length + 1);
    this.#published.push({ position, topic, text });
    if (keep !== undefined) this.#values.set(topic, (this.#values.get(topic) ?? new Map()).set(keep, text));
  }

  recall(topic: string): void {
    const { kept, messages } = this.#relay.hub.recall({ topic });
    const held = this.#published.slice(this.#published.length - this.#relay.hub.size.messages);
    const ofTopic = held.filter((message) => message.topic === topic);
    expect(messages).toEqual(ofTopic.slice(0, messages.length));
    expect(messages.length > 0).toBe(ofTopic.length > 0);
    // Some may be forgotten; none is old.
    expect(Object.fromEntries(this.#values.get(topic) ?? [])).toMatchObject(kept);
  }

  async follow(who: number): Promise<void> {
    const after = this.#places[who] ?? 0;
    const page = await this.#relay.hub.follow({ after, wait_ms: 0, epoch: "first" }, never);
    const next = this.#published.filter(({ position }) => position > after);
    const held = Math.min(next.length, this.#relay.hub.size.messages);
    expect(page.missed).toBe(next.length > held);
    const expected = next.slice(next.length - held);
    expect(page.messages).toEqual(expected.slice(0, page.messages.length));
    expect(page.messages.length > 0).toBe(expected.length > 0);
    expect(page.position).toBe(page.messages.at(-1)?.position ?? this.#start + this.#published.length);
    expect(Buffer.byteLength(texts(page.messages).join(""))).toBeLessThanOrEqual(small.answerBytes);
    this.#places[who] = page.position;
  }

  bounds(): void {
    const { messages, bytes, values } = this.#relay.hub.size;
    expect(messages).toBeLessThanOrEqual(small.log.messages);
    expect(values).toBeLessThanOrEqual(small.kept.values);
    expect(bytes).toBeLessThanOrEqual(small.log.bytes + small.kept.bytes);
  }
}

type Step = (model: Model) => void | Promise<void>;

const topics = fc.constantFrom("a", "b", "c");
const keys = fc.option(fc.constantFrom("k", "l", "m"), { nil: undefined });

const publishing = fc.tuple(topics, fc.nat(60), keys).map<Step>(
  ([topic, size, keep]) =>
    (model) =>
      model.publish(topic, size, keep),
);
const steps = fc.oneof(
  { weight: 6, arbitrary: publishing },
  { weight: 3, arbitrary: fc.nat(2).map<Step>((who) => (model) => model.follow(who)) },
  { weight: 2, arbitrary: topics.map<Step>((topic) => (model) => model.recall(topic)) },
  { weight: 1, arbitrary: fc.nat(700).map<Step>((ms) => (model) => model.pass(ms)) },
);

test("a follower sees every message once and in order, or is told that it missed some; the bounds hold", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 120, size: "max" }), async (sequence) => {
      const model = new Model();
      for (const step of sequence) {
        await step(model);
        model.bounds();
      }
    }),
  );
});

describe("a poll", () => {
  test("is answered as soon as there is something, with all that was published together", async () => {
    const { hub } = relayAt();
    const { position, epoch } = await hub.follow({ after: "now", wait_ms: 0 }, never);
    const waiting = hub.follow({ after: position, wait_ms: 25_000, epoch }, never);
    expect(hub.followers).toBe(1);
    hub.publish({ topic: "a", text: "1" });
    hub.publish({ topic: "b", text: "2" });
    expect(texts((await waiting).messages)).toEqual(["1", "2"]);
    expect(hub.followers).toBe(0);
  });

  test("is answered with nothing after its wait, and goes on where it was", async () => {
    const { hub } = relayAt();
    const page = await hub.follow({ after: "now", wait_ms: 20 }, never);
    expect(page).toMatchObject({ messages: [], missed: false });
    hub.publish({ topic: "a", text: "1" });
    expect(texts((await hub.follow({ after: page.position, wait_ms: 20 }, never)).messages)).toEqual(["1"]);
  });

  test("of somebody who is gone does not wait any longer", async () => {
    const { hub } = relayAt();
    const gone = new AbortController();
    const waiting = hub.follow({ after: "now", wait_ms: 25_000 }, gone.signal);
    gone.abort();
    await waiting;
    expect(hub.followers).toBe(0);
    await hub.follow({ after: "now", wait_ms: 25_000 }, gone.signal);
  });

  test("is refused when too many wait, and at the end, which answers those that wait", async () => {
    const { hub } = relayAt();
    const waiting = Array.from({ length: 64 }, () => hub.follow({ after: "now", wait_ms: 25_000 }, never));
    const refused = hub.follow({ after: "now", wait_ms: 25_000 }, never);
    await expect(refused).rejects.toMatchObject({ reason: "too_many_followers", code: "BRIDGE_UNAVAILABLE" });
    hub.close();
    expect(await Promise.all(waiting)).toHaveLength(64);
    await expect(hub.follow({ after: "now", wait_ms: 0 }, never)).rejects.toMatchObject({ reason: "shutting_down" });
  });

  test.each([
    ["another epoch, although the positions fit", { epoch: "before" }],
    ["a position that is not there yet", { after: Number.MAX_SAFE_INTEGER }],
    ["a position that the log has forgotten", { after: 0 }],
  ])("from %s is told that it missed something, with what is there", async (_case, request) => {
    const { hub } = relayAt();
    const position = hub.publish({ topic: "a", text: "1" });
    const page = await hub.follow({ after: position - 1, wait_ms: 25_000, ...request }, never);
    expect(page).toMatchObject({ missed: true, position, messages: [{ text: "1" }], epoch: "first" });
  });
});

describe("what the relay holds", () => {
  test("is at most 10,000 messages, 16 MiB and 10 minutes old", async () => {
    const { hub, clock } = relayAt();
    for (let n = 0; n < 10_050; n += 1) hub.publish({ topic: "a", text: "x" });
    expect(hub.size.messages).toBe(10_000);
    for (let n = 0; n < 100; n += 1) hub.publish({ topic: "a", text: "y".repeat(256 * 1024) });
    expect(hub.size.bytes).toBeLessThanOrEqual(16 * 2 ** 20);
    expect(hub.size.bytes).toBeGreaterThan(15 * 2 ** 20);
    clock.now += 600_001;
    expect(hub.recall({ topic: "a" }).messages).toEqual([]);
    expect(hub.size).toEqual({ messages: 0, values: 0, bytes: 0 });
  });

  test("a message that comes again with its id is not taken twice", () => {
    const { hub } = relayAt();
    const first = hub.publish({ topic: "a", text: "1", id: "x" });
    expect(hub.publish({ topic: "a", text: "1", id: "x" })).toBe(first);
    expect(hub.size.messages).toBe(1);
  });

  test("values stay when their messages are gone, until another one or an empty text replaces them", () => {
    const { hub, clock } = relayAt();
    hub.publish({ topic: "a", text: "1", keep: "k" });
    hub.publish({ topic: "a", text: "2", keep: "l" });
    hub.publish({ topic: "a", text: "3", keep: "k" });
    clock.now += 600_001;
    expect(hub.recall({ topic: "a" })).toMatchObject({ messages: [], kept: { k: "3", l: "2" } });
    hub.publish({ topic: "a", text: "", keep: "k" });
    hub.publish({ topic: "a", text: "", keep: "l" });
    expect(hub.recall({ topic: "a" }).kept).toEqual({});
    expect(hub.size.values).toBe(0);
  });

  test("of too many values those of the topic that was used least recently are forgotten", () => {
    const { hub } = relayAt(small);
    for (const topic of ["a", "b", "c"]) for (const keep of ["k", "l"]) hub.publish({ topic, text: "1", keep });
    hub.recall({ topic: "a" });
    hub.publish({ topic: "d", text: "1", keep: "k" });
    const kept = (topic: string) => Object.keys(hub.recall({ topic }).kept).length;
    expect(["a", "b", "c", "d"].map(kept)).toEqual([2, 0, 2, 1]);
  });

  test.each<[string, { topic?: string; text?: string; keep?: string }, RegExp]>([
    ["a text above 256 KiB", { text: "ü".repeat(128 * 1024 + 1) }, /256 KiB/],
    ["a topic without a name", { topic: "" }, /topic has 1 to 256/],
    ["a topic that is not ASCII", { topic: "größe" }, /printable ASCII/],
    ["a key with a line feed", { keep: "a\nb" }, /key has 1 to 256/],
  ])("%s is refused, and nothing has changed", (_case, over, message) => {
    const { hub } = relayAt();
    const refused = () => hub.publish({ topic: "a", text: "1", ...over });
    expect(refused).toThrow(message);
    expect(refused).toThrow(expect.objectContaining({ code: "RELAY_LIMIT_EXCEEDED" }));
    expect(hub.size).toEqual({ messages: 0, values: 0, bytes: 0 });
  });

  test("a topic that would keep more than 1 MiB is refused, and keeps what it has", () => {
    const { hub } = relayAt();
    const text = "x".repeat(200 * 1024);
    for (const keep of ["1", "2", "3", "4", "5"]) hub.publish({ topic: "a", text, keep });
    expect(() => hub.publish({ topic: "a", text, keep: "6" })).toThrow(/1024 KiB/);
    expect(Object.keys(hub.recall({ topic: "a" }).kept)).toEqual(["1", "2", "3", "4", "5"]);
    hub.publish({ topic: "a", text: "smaller", keep: "1" });
  });
});

test("positions of a relay that starts later are later, so that a stranger's position is noticed in any topic", () => {
  const first = relayAt();
  const last = first.hub.publish({ topic: "a", text: "1" });
  const second = new RelayHub({ now: () => first.clock.now + 1, epoch: "second" });
  expect(second.publish({ topic: "b", text: "2" })).toBeGreaterThan(last);
  expect(second.recall({ topic: "a", after: last })).toMatchObject({ messages: [], missed: true });
});

test("the topic of every event's id is one that the relay takes, and ids do not share it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 128 }), (id) => relayName.test(eventTopic(id))),
  );
  expect(eventTopic("ä")).not.toBe(eventTopic("ö"));
});
