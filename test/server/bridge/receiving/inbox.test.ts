import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Commands } from "../../../../server/bridge/commands/commands.ts";
import { SqliteQueue } from "../../../../server/bridge/queue/sqlite-queue.ts";
import { Inbox } from "../../../../server/bridge/receiving/inbox.ts";
import { readUpdate, type Update } from "../../../../server/bridge/receiving/update.ts";
import { Store } from "../../../../server/bridge/storage/store.ts";
import { Updates } from "../../../telegram/updates.ts";
import { idleContext } from "../commands/idle-context.ts";
import { sessionsOn } from "../sessions/support.ts";
import { scratch } from "../support.ts";

const BOT = { id: 99, username: "team_bot" };
const HOUR = 3_600_000;
const WEEK = 8 * 24 * HOUR;

type Opened = { readonly inbox: Inbox; readonly queue: SqliteQueue; close(): Promise<void> };

function openAt(path: string, clock: { now: number }): Opened {
  const now = () => clock.now;
  const store = new Store({ path, now });
  const limits = { total: { messages: 100, bytes: 2 ** 20 }, clientShare: 1 };
  const queue = new SqliteQueue(store, { limits, recipients: [1], now });
  return {
    inbox: new Inbox({
      ...{ store, queue, commands: commandsOf(queue, now), now },
      people: () => new Set([1, 2]),
      hearing: sessionsOn(store, queue, now).hearing,
      onMigrated: () => {},
      decide: () => undefined,
      spoken: () => undefined,
      pairings: { tell: () => "as a stranger" },
    }),
    queue,
    close: () => queue.close(),
  };
}

/** The bot's commands, with nothing to tell. */
function commandsOf(queue: SqliteQueue, now: () => number): Commands {
  const context = { ...idleContext, waitingByClient: () => queue.waitingByClient(), now };
  return new Commands({ context, admins: [], people: new Set([1]), recipients: [1] });
}

function said(id: number, text: string, { from = 1, replyTo = 0 } = {}): Update {
  const bot = { id: BOT.id, is_bot: true, first_name: "Bot" };
  const update = readUpdate({
    update_id: id,
    message: {
      message_id: id,
      from: { id: from, is_bot: false, first_name: `Person ${from}`, username: `p${from}` },
      chat: { id: from, type: "private" },
      text,
      ...(replyTo > 0 && { reply_to_message: { message_id: replyTo, from: bot } }),
    },
  });
  if (update === undefined) throw new Error("unreadable");
  return update;
}

const all = { since: 0, limit: 100 };

/** What the model knows: everything that was said, in order. */
type Model = { said: string[] };
type Real = { opened: Opened; readonly telegram: Updates; readonly path: string; readonly clock: { now: number } };

const waiting = new AbortController().signal;

async function ask({ opened, telegram }: Real, limit = 100): Promise<readonly Update[]> {
  const request = { offset: opened.inbox.next(BOT.id), limit, timeoutSeconds: 0, allowed: undefined, gone: waiting };
  return (await telegram.get(request)).flatMap((raw) => readUpdate(raw) ?? []);
}

async function reopen(real: Real): Promise<void> {
  await real.opened.close();
  real.opened = openAt(real.path, real.clock);
}

async function settle(real: Real): Promise<void> {
  for (let batch = await ask(real); batch.length > 0; batch = await ask(real)) {
    await Promise.all(batch.map((update) => real.opened.inbox.take(update, BOT)));
  }
}

class Say implements fc.AsyncCommand<Model, Real> {
  readonly count: number;
  constructor(count: number) {
    this.count = count;
  }
  check = () => true;
  async run(model: Model, { telegram }: Real) {
    for (let n = 0; n < this.count; n += 1) {
      const text = `said ${model.said.length}`;
      model.said.push(text);
      const from = { id: 1, is_bot: false, first_name: "Anna" };
      telegram.push({ message: { message_id: model.said.length, from, chat: { id: 1, type: "private" }, text } });
    }
  }
  toString = () => `Say(${this.count})`;
}

/** Asks once. The process ends before it has taken some of the batch, or after all of it; or it goes on. */
class Poll implements fc.AsyncCommand<Model, Real> {
  readonly limit: number;
  readonly taken: number;
  readonly ends: boolean;
  constructor(limit: number, taken: number, ends: boolean) {
    this.limit = limit;
    this.taken = taken;
    this.ends = ends;
  }
  check = () => true;
  async run(_model: Model, real: Real) {
    const batch = await ask(real, this.limit);
    await Promise.all(batch.slice(0, this.taken).map((update) => real.opened.inbox.take(update, BOT)));
    if (this.ends) await reopen(real);
  }
  toString = () => `Poll(${this.limit}, ${this.taken}${this.ends ? ", ends" : ""})`;
}

/** Telegram hands a batch out twice, as a webhook's answer that got lost makes it. */
class Twice implements fc.AsyncCommand<Model, Real> {
  check = () => true;
  async run(_model: Model, real: Real) {
    const batch = await ask(real);
    const { inbox } = real.opened;
    await Promise.all([...batch, ...batch].map((update) => inbox.take(update, BOT)));
  }
  toString = () => "Twice()";
}

/** A week without updates: what was not confirmed is gone, and the ids begin anew. */
class Anew implements fc.AsyncCommand<Model, Real> {
  readonly id: number;
  constructor(id: number) {
    this.id = id;
  }
  check = () => true;
  async run(_model: Model, real: Real) {
    await settle(real);
    real.telegram.drop();
    real.clock.now += WEEK;
    real.telegram.goOnFrom(this.id);
  }
  toString = () => `Anew(${this.id})`;
}

describe("updates", () => {
  test("each has its effect once and in order, in any history of ends, repetitions and new beginnings", async () => {
    const commands = fc.commands(
      [
        fc.integer({ min: 1, max: 4 }).map((count) => new Say(count)),
        fc.integer({ min: 1, max: 4 }).map((count) => new Say(count)),
        fc
          .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 5 }), fc.boolean())
          .map(([limit, taken, ends]) => new Poll(limit, taken, ends)),
        fc.constant(new Twice()),
        fc.integer({ min: 1, max: 60 }).map((id) => new Anew(id)),
      ],
      { maxCommands: 25 },
    );
    await fc.assert(
      fc.asyncProperty(commands, async (history) => {
        await using directory = await scratch();
        const path = join(directory.path, "queue.sqlite");
        const clock = { now: 1_000_000 };
        const model: Model = { said: [] };
        const real: Real = { path, clock, telegram: new Updates(), opened: openAt(path, clock) };
        await fc.asyncModelRun(() => ({ model, real }), history);
        await settle(real);
        const texts = real.opened.inbox.responses(all).map(({ text }) => text);
        await real.opened.close();
        expect(texts.toReversed()).toEqual(model.said);
      }),
      { numRuns: 120 },
    );
  });

  test("positions are the bot's own: another token begins at the beginning", async () => {
    await using directory = await scratch();
    const { inbox, close } = openAt(join(directory.path, "q"), { now: 1 });
    await inbox.take(said(500, "a"), BOT);
    expect(inbox.next(BOT.id)).toBe(501);
    expect(inbox.next(7)).toBe(0);
    expect((await inbox.take(said(500, "b"), { id: 7 })).kind).toBe("response");
    await close();
  });

  test("one whose effect cannot be is left out, and does not come back as new", async () => {
    await using directory = await scratch();
    const { inbox, close } = openAt(join(directory.path, "q"), { now: 1 });
    await inbox.skip(said(5, "poison"), BOT);
    expect(inbox.next(BOT.id)).toBe(0);
    expect((await inbox.take(said(5, "poison"), BOT)).kind).toBe("duplicate");
    expect(inbox.next(BOT.id)).toBe(6);
    await close();
  });
});

describe("responses", () => {
  test("an answer to a part of an event's message is the event's and its client's; anything else is for all", async () => {
    await using directory = await scratch();
    const { inbox, queue, close } = openAt(join(directory.path, "q"), { now: 5_000 });
    const parts = [0, 1].map((part) => ({ chatId: 1, part, text: `part ${part}`, entities: [] }));
    const { messages } = await queue.accept({ id: "e1", client: "anna", acceptedAt: 1, messages: parts });
    for (const [index, { id }] of messages.entries()) {
      await queue.settle(id, { kind: "sent", at: 2, telegramMessageId: 40 + index });
    }
    await inbox.take(said(1, "to the second part", { replyTo: 41 }), BOT);
    await inbox.take(said(2, "to nothing that is known", { replyTo: 77 }), BOT);
    await inbox.take(said(3, "in another chat", { from: 2, replyTo: 41 }), BOT);
    expect(inbox.responsesTo({ id: "e1", client: "anna" })).toMatchObject([
      { text: "to the second part", event_id: "e1", kind: "text", user_id: 1, username: "p1", message_id: 1 },
    ]);
    const texts = (client?: string) => inbox.responses({ ...all, client }).map(({ text }) => text);
    expect(texts("anna")).toEqual(["in another chat", "to nothing that is known", "to the second part"]);
    expect(texts("bert")).toEqual(["in another chat", "to nothing that is known"]);
    expect(texts()).toHaveLength(3);
    expect(inbox.responses({ since: 5_001, limit: 10 })).toEqual([]);
    await close();
  });

  test("old ones are deleted of one client, and those of nobody on demand", async () => {
    await using directory = await scratch();
    const clock = { now: 5_000 };
    const { inbox, queue, close } = openAt(join(directory.path, "q"), clock);
    for (const [index, client] of ["anna", "bert"].entries()) {
      const part = { chatId: 1, part: 0, text: client, entities: [] };
      const { messages } = await queue.accept({ id: client, client, acceptedAt: 1, messages: [part] });
      await queue.settle(Number(messages[0]?.id), { kind: "sent", at: 2, telegramMessageId: 40 + index });
    }
    await inbox.take(said(1, "to anna", { replyTo: 40 }), BOT);
    await inbox.take(said(2, "to bert", { replyTo: 41 }), BOT);
    await inbox.take(said(3, "to nobody"), BOT);
    clock.now = 6_000;
    await inbox.take(said(4, "to anna, later", { replyTo: 40 }), BOT);
    const texts = () => inbox.responses(all).map(({ text }) => text);
    expect(await inbox.clearResponses({ client: "anna", until: 5_000, unclaimed: true })).toBe(0);
    expect(await inbox.clearResponses({ client: "anna", until: 6_000, unclaimed: false })).toBe(1);
    expect(texts()).toEqual(["to anna, later", "to nobody", "to bert"]);
    expect(await inbox.clearResponses({ client: "anna", until: 6_000, unclaimed: true })).toBe(1);
    expect(texts()).toEqual(["to anna, later", "to bert"]);
    expect(inbox.countResponses({ ...all, client: "bert", limit: 1 })).toBe(1);
    expect(inbox.responses({ ...all, kind: "click" })).toEqual([]);
    await close();
  });

  test("the newest five thousand are kept, for thirty days", async () => {
    await using directory = await scratch();
    const clock = { now: 1_000_000 };
    const { inbox, close } = openAt(join(directory.path, "q"), clock);
    await Promise.all(Array.from({ length: 5_300 }, (_, n) => inbox.take(said(n + 1, `said ${n}`), BOT)));
    const kept = () => inbox.responses({ since: 0, limit: 10_000 });
    expect(kept()).toHaveLength(5_000);
    expect(kept().at(-1)?.text).toBe("said 300");
    clock.now += 30 * 24 * HOUR + 1;
    await inbox.take(said(9_000, "today"), BOT);
    while (await inbox.prune());
    expect(kept().map(({ text }) => text)).toEqual(["today"]);
    await close();
  });
});

describe("strangers", () => {
  test("each is told the id once an hour, also over a restart", async () => {
    await using directory = await scratch();
    const path = join(directory.path, "q");
    const clock = { now: 10 * HOUR };
    let opened = openAt(path, clock);
    const first = await opened.inbox.take(said(1, "let me in", { from: 77 }), BOT);
    expect(first).toMatchObject({ kind: "stranger", lines: [{ chatId: 77 }] });
    const [message] = await opened.queue.begin(first.lines.map(({ id }) => id));
    expect(message?.text).toContain("this id: 77");
    expect(message?.text.slice(message.entities[0]?.offset)).toBe("77");
    await opened.close();
    opened = openAt(path, clock);
    clock.now += HOUR - 1;
    expect((await opened.inbox.take(said(2, "please", { from: 77 }), BOT)).lines).toEqual([]);
    expect((await opened.inbox.take(said(3, "hello", { from: 78 }), BOT)).lines).toHaveLength(1);
    clock.now += 1;
    expect((await opened.inbox.take(said(4, "please", { from: 77 }), BOT)).lines).toHaveLength(1);
    expect(opened.inbox.responses(all)).toEqual([]);
    await opened.close();
  });

  test("a crowd fills neither the memory nor the queue: beyond its bounds nobody is told", async () => {
    await using directory = await scratch();
    const clock = { now: 10 * HOUR };
    const { inbox, queue, close } = openAt(join(directory.path, "q"), clock);
    const taken = await Promise.all(
      Array.from({ length: 3_000 }, (_, n) => inbox.take(said(n + 1, "spam", { from: 1_000 + n }), BOT)),
    );
    // The queue of this test has room for a hundred.
    expect(taken.flatMap(({ lines }) => lines)).toHaveLength(100);
    expect(queue.stats().pending).toBe(100);
    const rest = await Promise.all(taken.flatMap(({ lines }) => lines).map(({ id }) => queue.settle(id, REFUSED)));
    expect(rest.every((each) => each === undefined)).toBe(true);
    expect(queue.stats()).toMatchObject({ pending: 0, failed: 0, refusedChats: [] });
    expect((await inbox.take(said(5_000, "spam", { from: 9_999 }), BOT)).lines).toEqual([]);
    clock.now += HOUR;
    expect((await inbox.take(said(5_001, "spam", { from: 9_999 }), BOT)).lines).toHaveLength(1);
    await close();
  });
});

const REFUSED = { kind: "failed" as const, at: 1, error: "403: Forbidden: bot was blocked by the user" };
