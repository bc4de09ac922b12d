import { ServerError } from "../../../../contract/errors.ts";
import { type ChannelEvent, sessionLimits } from "../../../../contract/sessions.ts";
import type { Fault } from "../../../telegram/faults.ts";
import { VirtualBridge } from "../virtual/virtual-bridge.ts";

const FORUM = -1_000_000_000_005;
const FLAT = -77;
/** What the flat group becomes. */
const GROWN = -1_000_000_000_077;
/** A topic that people opened. */
const TOPIC = 7;

export const people = [1, 2] as const;
export const names = ["api", "web", "ops"] as const;
export type Name = (typeof names)[number];
const clientOf: Readonly<Record<Name, string>> = { api: "one", web: "one", ops: "two" };
export const holders = ["a", "b"] as const;
export type Holder = (typeof holders)[number] | "last";
export type Place = { readonly chat: number; readonly topic?: number | undefined };
export type Where = (typeof wheres)[number];
export const wheres = ["private", "general", "topic", "made", "flat"] as const;

type Said = { readonly text: string; readonly to: Name | undefined };
type Heard = { readonly text: string; readonly id: number; readonly generation: number; readonly again: boolean };
type Prompt = { readonly code: string; readonly name: Name; readonly holder: Holder };

type Model = {
  /** Who holds it until when. */
  held: { readonly holder: Holder; readonly until: number } | undefined;
  /** The newest that anybody was given, and whose it is. */
  generation: { readonly number: number; readonly holder: Holder } | undefined;
  /** Of each holder: the generation that it thinks it has, the last that came, and what it has not settled. */
  readonly views: Map<Holder, { generation: number; after: number; unsettled: number[] }>;
  readonly heard: Heard[];
  readonly settled: Set<number>;
  readonly verdicts: string[];
};

/** A whole bridge with people and sessions, beside a model of what each of them must hear. */
export class Conversations {
  readonly virtual: VirtualBridge;
  readonly said: Said[] = [];
  readonly prompts: Prompt[] = [];
  readonly problems: string[] = [];
  readonly #bound = new Map<string, Name>();
  readonly models: Readonly<Record<Name, Model>>;
  #made = new Map<Name, number>();
  #hasGrown = false;
  #count = 0;

  constructor(virtual: VirtualBridge) {
    this.virtual = virtual;
    const model = (): Model => ({
      ...{ held: undefined, generation: undefined, views: new Map(), heard: [] },
      ...{ settled: new Set(), verdicts: [] },
    });
    this.models = { api: model(), web: model(), ops: model() };
  }

  static async begin(): Promise<Conversations> {
    const fast = { messagesPerSecond: 30, messagesPerChatPerSecond: 1 };
    const telegram = { allowedUsers: [...people, FORUM, FLAT], updates: { mode: "Polling" as const, pollSeconds: 25 } };
    const groups = [
      { id: FORUM, type: "supergroup" as const, bot: "administrator" as const, topics: [{ id: TOPIC }] },
      { id: FLAT, type: "group" as const, bot: "administrator" as const },
      { id: GROWN, type: "supergroup" as const, bot: "administrator" as const, topics: [] },
    ];
    const virtual = await VirtualBridge.start({ telegram: { ...telegram, ...fast } }, (stand) =>
      stand.control({ groups }),
    );
    const all = new Conversations(virtual);
    await all.pass(1_000);
    for (const name of names) await all.register(name, "a", false);
    await all.pass(5_000);
    for (const { method, parameters, result } of virtual.telegram.answered) {
      if (method !== "createForumTopic" || result === undefined) continue;
      const name = String(parameters.name) as Name;
      const topic = Number((result as { message_thread_id: number }).message_thread_id);
      all.#made.set(name, topic);
      all.#bound.set(keyOf({ chat: FORUM, topic }), name);
    }
    if (all.#made.size !== names.length) throw new Error("not every session has a topic");
    return all;
  }

  pass(ms: number): Promise<void> {
    return this.virtual.pass(ms);
  }

  place(where: Where, person: number, name: Name): Place {
    if (where === "private") return { chat: person };
    if (where === "general") return { chat: FORUM };
    if (where === "topic") return { chat: FORUM, topic: TOPIC };
    if (where === "made") return { chat: FORUM, topic: this.#made.get(name) };
    return { chat: this.#hasGrown ? GROWN : FLAT };
  }

  /** Somebody says something, perhaps as an answer to what a session said. */
  say(person: number, place: Place, answering?: Name): void {
    this.#count += 1;
    const text = `said ${this.#count}`;
    const reply = answering && { session: answering, to: this.#replyOf(answering, place) };
    const answered = reply?.to === undefined ? undefined : reply;
    const { chat, topic } = place;
    const bound = this.#bound.get(keyOf(place)) ?? (chat > 0 ? this.#bound.get(keyOf({ chat })) : undefined);
    if (answered !== undefined && bound === undefined && (chat > 0 || topic !== undefined))
      this.#bound.set(keyOf(place), answered.session);
    this.said.push({ text, to: answered?.session ?? bound });
    this.#tell(person, place, text, answered?.to);
  }

  bind(person: number, place: Place, name: Name): void {
    this.#bound.set(keyOf(place), name);
    this.#tell(person, place, `/bind@test_123456789_bot ${name}`);
  }

  unbind(person: number, place: Place): void {
    this.#bound.delete(keyOf(place));
    this.#tell(person, place, "/unbind@test_123456789_bot");
  }

  /** The flat group becomes a supergroup. */
  grow(): void {
    if (this.#hasGrown) return;
    this.#hasGrown = true;
    this.virtual.telegram.control({ migrated: [[FLAT, GROWN]] });
    const bound = this.#bound.get(keyOf({ chat: FLAT }));
    this.#bound.delete(keyOf({ chat: FLAT }));
    if (bound !== undefined) this.#bound.set(keyOf({ chat: GROWN }), bound);
  }

  #tell(person: number, { chat, topic }: Place, text: string, reply_to?: number): void {
    const to = { ...(topic !== undefined && { topic }), ...(reply_to !== undefined && { reply_to }) };
    this.virtual.telegram.control({ says: [{ from: { id: person }, chat_id: chat, text, ...to }] });
  }

  /** The last message of a session in a chat whose id the bridge certainly knows. */
  #replyOf(name: Name, { chat, topic }: Place): number | undefined {
    const now = Date.now();
    const sent = this.virtual.telegram.answered.filter(
      ({ method, parameters, result, isLost, at }) =>
        method === "sendMessage" &&
        !isLost &&
        result !== undefined &&
        at < now - 3_000 &&
        Number(parameters.chat_id) === chat &&
        (parameters.message_thread_id === undefined ? undefined : Number(parameters.message_thread_id)) === topic &&
        String(parameters.text).includes(`reply of ${name}:`),
    );
    const last = sent.at(-1);
    if (last === undefined) return undefined;
    const copies = this.virtual.telegram.answered.filter(
      ({ method, result, parameters }) =>
        method === "sendMessage" && result !== undefined && parameters.text === last.parameters.text,
    );
    return copies.length > 1 ? undefined : Number((last.result as { message_id: number }).message_id);
  }

  async register(name: Name, holder: Holder, take_over: boolean): Promise<void> {
    const model = this.models[name];
    const now = Date.now();
    const isFree = model.held === undefined || model.held.holder === holder || now >= model.held.until;
    const done = await this.#try(() =>
      this.virtual.bridge.channel.sessions.register({ client: clientOf[name], name, holder, take_over }),
    );
    if ((done !== undefined) !== (isFree || take_over))
      this.problems.push(`register ${name} ${holder}: ${done !== undefined}, but free: ${isFree}`);
    if (done === undefined) return;
    if (model.held?.holder !== holder) model.generation = undefined;
    model.held = { holder, until: now + sessionLimits.leaseSeconds * 1_000 };
  }

  async listen(name: Name, holder: Holder): Promise<void> {
    const model = this.models[name];
    const now = Date.now();
    const isFree = model.held === undefined || model.held.holder === holder || now >= model.held.until;
    const done = await this.#try(() =>
      this.virtual.bridge.channel.sessions.listen({ client: clientOf[name], name, holder }),
    );
    if ((done !== undefined) !== isFree)
      this.problems.push(`listen ${name} ${holder}: ${done !== undefined}, but free: ${isFree}`);
    if (done === undefined) return;
    for (const { generation } of model.views.values())
      if (done.generation <= generation)
        this.problems.push(`generation ${done.generation} of ${name} was given before`);
    model.generation = { number: done.generation, holder };
    model.views.set(holder, { generation: done.generation, after: 0, unsettled: [] });
    model.held = { holder, until: now + sessionLimits.leaseSeconds * 1_000 };
  }

  async goodbye(name: Name, holder: Holder): Promise<void> {
    const model = this.models[name];
    const view = model.views.get(holder);
    if (view === undefined) return;
    const isHeld = this.#isHeld(model, holder, view.generation);
    const done = await this.#try(() =>
      this.virtual.bridge.channel.sessions.listen({
        ...{ client: clientOf[name], name, holder, generation: view.generation },
        lease_seconds: sessionLimits.returnSeconds,
      }),
    );
    if ((done !== undefined) !== isHeld) this.problems.push(`goodbye ${name} ${holder}: ${done !== undefined}`);
    if (done !== undefined) model.held = { holder, until: Date.now() + sessionLimits.returnSeconds * 1_000 };
  }

  async leave(name: Name, holder: Holder): Promise<void> {
    const model = this.models[name];
    const isHolder = model.held?.holder === holder;
    const left = await this.#try(() =>
      this.virtual.bridge.channel.sessions.leave({ client: clientOf[name], name, holder }),
    );
    if (left !== isHolder) this.problems.push(`leave ${name} ${holder}: ${left}`);
    if (!isHolder) return;
    model.held = undefined;
    model.generation = undefined;
  }

  async next(name: Name, holder: Holder, limit = 3): Promise<number> {
    const model = this.models[name];
    const view = model.views.get(holder);
    if (view === undefined) return 0;
    const isHeld = this.#isHeld(model, holder, view.generation);
    const handed = await this.#try(() =>
      this.virtual.bridge.channel.sessions.next({
        ...{ client: clientOf[name], name, holder, generation: view.generation, after: view.after, limit },
      }),
    );
    if ((handed !== undefined) !== isHeld)
      this.problems.push(`next ${name} ${holder} ${view.generation}: ${handed !== undefined}, but held: ${isHeld}`);
    if (handed === undefined) return 0;
    model.held = { holder, until: Date.now() + sessionLimits.leaseSeconds * 1_000 };
    for (const event of handed.events) this.#hear(name, holder, view, event);
    return handed.events.length + (handed.more ? 1 : 0);
  }

  #isHeld({ held, generation }: Model, holder: Holder, number: number): boolean {
    return held?.holder === holder && generation?.holder === holder && generation.number === number;
  }

  #hear(
    name: Name,
    holder: Holder,
    view: { generation: number; after: number; unsettled: number[] },
    event: ChannelEvent,
  ) {
    const model = this.models[name];
    const { generation } = view;
    if (event.id <= view.after) this.problems.push(`${name} hears ${event.id} after ${view.after}`);
    if (model.settled.has(event.id)) this.problems.push(`${name} hears ${event.id} that is settled`);
    view.after = event.id;
    view.unsettled.push(event.id);
    if (event.kind === "verdict") {
      const { request_id: code, behavior } = event.verdict;
      const prompt = this.prompts.find((each) => each.code === code);
      if (prompt?.name !== name || prompt.holder !== holder)
        this.problems.push(`${name} ${holder} hears the verdict of ${prompt?.name} ${prompt?.holder}`);
      model.verdicts.push(`${behavior} ${code}`);
      return;
    }
    const text = event.content;
    const again = event.meta.again === "true";
    const known = model.heard.filter(({ id }) => id === event.id);
    if (again !== known.some((each) => each.generation < generation))
      this.problems.push(`${name} hears "${text}" ${known.length + 1} times, again: ${again}`);
    model.heard.push({ text, id: event.id, generation, again });
  }

  async settle(name: Name, holder: Holder, ending: "read" | "written"): Promise<void> {
    const model = this.models[name];
    const view = model.views.get(holder);
    if (view === undefined || view.unsettled.length === 0) return;
    const ids = view.unsettled.splice(0);
    const count = await this.#try(() =>
      this.virtual.bridge.channel.sessions.settle({
        ...{ client: clientOf[name], name, generation: view.generation, ending, of: "events" as const, ids },
      }),
    );
    if (count === ids.length) for (const id of ids) model.settled.add(id);
  }

  reply(name: Name, where: Place): void {
    this.#count += 1;
    void this.#try(() =>
      this.virtual.bridge.channel.speaking.reply({
        ...{ client: clientOf[name], name, reply_id: `r${this.#count}`, chat_id: where.chat, files: [] },
        ...{ text: `reply of ${name}: ${this.#count}`, ...(where.topic !== undefined && { topic: where.topic }) },
      } as never),
    ).catch((error: Error) => this.problems.push(String(error)));
  }

  async ask(name: Name, holder: Holder): Promise<void> {
    const letters = "abcdefghijkmnopqrstuvwxyz";
    this.#count += 1;
    const code = `aaa${letters[Math.floor(this.#count / 25) % 25]}${letters[this.#count % 25]}`;
    const asked = await this.#try(() =>
      this.virtual.bridge.channel.permissions.ask({
        ...{ client: clientOf[name], name, holder, request_id: code, tool_name: "Bash" },
      } as never),
    );
    if ((asked !== undefined) !== (this.models[name].held?.holder === holder))
      this.problems.push(`ask ${name} ${holder}: ${asked !== undefined}`);
    if (asked !== undefined) this.prompts.push({ code, name, holder });
  }

  spoken(person: number, index: number, word: "yes" | "no"): void {
    const prompt = this.prompts.at(-1 - index);
    if (prompt !== undefined) this.#tell(person, { chat: person }, `${word} ${prompt.code}`);
  }

  async answered(index: number): Promise<void> {
    const prompt = this.prompts.at(-1 - index);
    if (prompt === undefined) return;
    const { name, holder, code } = prompt;
    await this.#try(() =>
      this.virtual.bridge.channel.permissions.answered({
        ...{ client: clientOf[name], name, holder, request_ids: [code] },
      }),
    );
  }

  fault(fault: Fault): void {
    this.virtual.telegram.control({ faults: [fault] });
  }

  /** Everything is well again; each session is taken over by somebody who hears all that waits. */
  async end(): Promise<void> {
    this.virtual.telegram.heal();
    await this.pass(45_000);
    for (const name of names) {
      await this.register(name, "last", true);
      await this.listen(name, "last");
      while ((await this.next(name, "last", 20)) > 0);
      await this.settle(name, "last", "read");
    }
    await this.pass(5_000);
  }

  /** What a session has heard, in the order in which it heard it first. */
  heard(name: Name): readonly string[] {
    return [...new Set(this.models[name].heard.map(({ text }) => text))];
  }

  /** What it must have heard. */
  meant(name: Name): readonly string[] {
    return this.said.filter(({ to }) => to === name).map(({ text }) => text);
  }

  /** Undefined for what the bridge refuses. */
  async #try<T>(call: () => Promise<T>): Promise<T | undefined> {
    const { ends } = this.virtual;
    const under = call();
    let result: { value?: T; error?: unknown } | undefined;
    under.then(
      (value) => {
        result = { value };
      },
      (error: unknown) => {
        result = { error };
      },
    );
    for (let turn = 0; result === undefined && turn < 200; turn += 1) await new Promise(setImmediate);
    if (result === undefined) return undefined;
    const { error } = result;
    if (error === undefined) return result.value;
    const isExpected =
      error instanceof ServerError &&
      ["SESSION_NAME_TAKEN", "CHAT_NOT_BOUND", "APPROVAL_CONFLICT"].includes(error.code);
    if (!isExpected && ends === this.virtual.ends) this.problems.push(String(error));
    return undefined;
  }
}

const keyOf = ({ chat, topic = 0 }: Place) => `${chat}/${topic}`;
