import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { NewEvent } from "../../../../server/bridge/queue/event.ts";
import type { Queue } from "../../../../server/bridge/queue/queue.ts";
import { type QueueOptions, queueOn, scratch } from "../support.ts";

type QueueHarness = {
  /** Opens the queue, the same one again after a close or a crash. `now` is hand-driven. */
  open(clock: { now: number }, options?: Partial<QueueOptions>): Promise<Queue>;
  [Symbol.asyncDispose](): Promise<void>;
};

const NOTHING_PRUNED = { sentBefore: 0, failedBefore: 0, sendsBefore: 0, answerableBefore: 0 };

const limited = (messages: number, clientShare = 1, bytes = 1_000_000): Partial<QueueOptions> => ({
  limits: { total: { messages, bytes }, clientShare },
});

function event(id: string, chats: readonly number[] = [1], client = "anna"): NewEvent {
  const messages = chats.map((chatId) => ({
    chatId,
    part: 0,
    text: `text of ${id}`,
    entities: [{ type: "bold" as const, offset: 0, length: 4 }],
  }));
  return { id, client, acceptedAt: 1_000, messages };
}

async function sqlite(): Promise<QueueHarness> {
  const directory = await scratch();
  const path = join(directory.path, "queue.sqlite");
  return {
    open: async (clock, options) =>
      queueOn({
        path,
        now: () => clock.now,
        recipients: [1, 2, 3],
        ...limited(100),
        ...options,
      } as QueueOptions),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** What every queue promises, whatever it is stored in. */
describe.each([{ name: "SQLite", harness: sqlite }])("queue on $name", ({ harness }) => {
  test("an accepted event is there after the queue was opened again, in order", async () => {
    await using h = await harness();
    const first = await h.open({ now: 1_000 });
    await Promise.all(["a", "b", "c"].map((id) => first.accept(event(id, [1, 2]))));
    await first.close();
    const second = await h.open({ now: 2_000 });
    const { pending, uncertain } = await second.recover();
    const messages = await second.begin(pending.map(({ id }) => id));
    expect(messages.map(({ eventId, chatId }) => `${eventId}${chatId}`)).toEqual(["a1", "a2", "b1", "b2", "c1", "c2"]);
    expect(messages[0]).toMatchObject({ text: "text of a", attempts: 0, uncertain: false, createdAt: 1_000 });
    expect(messages[0]?.entities).toEqual([{ type: "bold", offset: 0, length: 4 }]);
    expect(uncertain).toBe(0);
    await second.close();
  });

  test("an event id is taken once, also when it comes twice at the same time", async () => {
    await using h = await harness();
    const queue = await h.open({ now: 1_000 });
    const results = await Promise.all([queue.accept(event("a")), queue.accept(event("a")), queue.accept(event("a"))]);
    expect(results.map(({ duplicate }) => duplicate)).toEqual([false, true, true]);
    expect(results.map(({ messages }) => messages.length)).toEqual([1, 0, 0]);
    expect(queue.stats().pending).toBe(1);
    await queue.close();
  });

  test("an id is its client's own: another client's event under it is another event, and neither touches the other", async () => {
    await using h = await harness();
    const queue = await h.open({ now: 1_000 });
    expect((await queue.accept(event("same", [1], "anna"))).duplicate).toBe(false);
    const { duplicate, messages } = await queue.accept(event("same", [1, 2], "bert"));
    expect(duplicate).toBe(false);
    for (const { id } of messages) await queue.settle(id, { kind: "sent", at: 5, telegramMessageId: id });
    expect(queue.event("same", "bert")).toMatchObject({ client: "bert", total: 2, waiting: 0 });
    expect(queue.event("same", "anna")).toMatchObject({ client: "anna", total: 1, waiting: 1 });
    expect(queue.event("same", "cara")).toBeUndefined();
    expect((await queue.accept(event("same", [1], "anna"))).duplicate).toBe(true);
    await queue.close();
  });

  test("beyond the size limit events are refused whole, and taken again when there is room", async () => {
    await using h = await harness();
    const queue = await h.open({ now: 1_000 }, limited(3));
    const { messages } = await queue.accept(event("a", [1, 2]));
    await expect(queue.accept(event("b", [1, 2]))).rejects.toMatchObject({ reason: "queue_full" });
    expect(queue.stats()).toMatchObject({ pending: 2, usable: true });
    expect((await queue.accept(event("a", [1, 2]))).duplicate).toBe(true);
    await queue.begin([messages[0]!.id]);
    await queue.settle(messages[0]!.id, { kind: "sent", at: 1_500, telegramMessageId: 1 });
    expect((await queue.accept(event("b", [1, 2]))).duplicate).toBe(false);
    await queue.close();
  });

  test("a message whose request was under way when the process died is pending again and marked uncertain", async () => {
    await using h = await harness();
    const first = await h.open({ now: 1_000 });
    const { messages } = await first.accept(event("a"));
    await first.begin([messages[0]!.id]);
    await first.close();
    const second = await h.open({ now: 5_000 });
    const recovered = await second.recover();
    expect(recovered).toMatchObject({ uncertain: 1, sends: [{ chatId: 1, at: 5_000 }] });
    expect((await second.begin([messages[0]!.id]))[0]).toMatchObject({ uncertain: true, attempts: 1 });
    await second.close();
  });

  test("pauses, failures and dropped entities survive a restart", async () => {
    await using h = await harness();
    const first = await h.open({ now: 1_000 });
    const { messages } = await first.accept(event("a", [1, 2]));
    await first.begin(messages.map(({ id }) => id));
    const retry = {
      kind: "retry",
      at: 1_200,
      notBefore: 9_000,
      error: "429",
      uncertain: false,
      plain: true,
    } as const;
    await first.settle(messages[0]!.id, retry);
    await first.settle(messages[1]!.id, { kind: "failed", at: 1_300, error: "403: Forbidden" });
    await first.pauseUntil(7_000);
    await first.close();
    const second = await h.open({ now: 2_000 });
    const recovered = await second.recover();
    expect(recovered).toMatchObject({ pending: [{ chatId: 1, notBefore: 9_000 }], pausedUntil: 7_000 });
    expect(recovered.sends).toEqual([
      { chatId: 1, at: 1_200 },
      { chatId: 2, at: 1_300 },
    ]);
    expect((await second.begin([messages[0]!.id]))[0]?.entities).toEqual([]);
    expect(second.stats()).toMatchObject({ pending: 1, failed: 1, oldestAt: 1_000 });
    await second.close();
  });

  test("a migrated chat is followed by queued and by later messages", async () => {
    await using h = await harness();
    const queue = await h.open({ now: 1_000 });
    await queue.accept(event("a", [-5]));
    await queue.migrateChat(-5, -100);
    const later = await queue.accept(event("b", [-5]));
    expect(later.messages.map(({ chatId }) => chatId)).toEqual([-100]);
    expect((await queue.recover()).pending.map(({ chatId }) => chatId)).toEqual([-100, -100]);
    await queue.close();
  });

  test("somebody else's word that a chat migrated counts once, and for chats that messages go to alone", async () => {
    await using h = await harness();
    const queue = await h.open({ now: 1_000 }, { recipients: [1, -5] });
    await queue.accept(event("a", [-5]));
    expect(queue.moveKnownChat(-6, -106)).toBe(false);
    expect(queue.moveKnownChat(-5, -105)).toBe(true);
    expect(queue.moveKnownChat(-5, -105)).toBe(false);
    expect([-5, -6].map((chat) => queue.currentChat(chat))).toEqual([-105, -6]);
    expect((await queue.recover()).pending.map(({ chatId }) => chatId)).toEqual([-105]);
    await queue.close();
  });

  test("old delivered events are deleted, undelivered and recent ones stay", async () => {
    await using h = await harness();
    const queue = await h.open({ now: 1_000 });
    for (const id of ["sent", "pending", "failed"]) {
      const { messages } = await queue.accept(event(id));
      if (id === "pending") continue;
      await queue.begin([messages[0]!.id]);
      const settlement =
        id === "sent" ? { kind: "sent" as const, telegramMessageId: 1 } : { kind: "failed" as const, error: "403" };
      await queue.settle(messages[0]!.id, { at: 1_500, ...settlement });
    }
    expect(await queue.prune(NOTHING_PRUNED)).toBe(false);
    expect((await queue.accept(event("sent"))).duplicate).toBe(true);
    expect(await queue.prune({ sentBefore: 2_000, failedBefore: 0, sendsBefore: 2_000, answerableBefore: 0 })).toBe(
      false,
    );
    expect((await queue.accept(event("sent"))).duplicate).toBe(false);
    expect((await queue.accept(event("pending"))).duplicate).toBe(true);
    expect((await queue.accept(event("failed"))).duplicate).toBe(true);
    await queue.prune({ sentBefore: 2_000, failedBefore: 2_000, sendsBefore: 2_000, answerableBefore: 0 });
    expect((await queue.accept(event("failed"))).duplicate).toBe(false);
    await queue.close();
  });

  /** Sends or refuses every message of an event that was accepted. */
  async function settle(queue: Queue, newEvent: NewEvent, error?: string, at = 1_500): Promise<void> {
    const { messages } = await queue.accept(newEvent);
    await queue.begin(messages.map(({ id }) => id));
    for (const { id } of messages) {
      await queue.settle(
        id,
        error === undefined ? { kind: "sent", at, telegramMessageId: 1 } : { kind: "failed", at, error },
      );
    }
  }

  test("a client that fills its share is refused, another one's event is taken", async () => {
    await using h = await harness();
    const queue = await h.open({ now: 1_000 }, limited(8, 0.25));
    await queue.accept(event("a", [1, 2]));
    await expect(queue.accept(event("b"))).rejects.toMatchObject({ reason: "client_quota", retryAfterSeconds: 30 });
    expect((await queue.accept(event("c", [1], "bert"))).duplicate).toBe(false);
    expect((await queue.accept(event("a", [1, 2]))).duplicate).toBe(true);
    await queue.close();
    const again = await h.open({ now: 2_000 }, limited(8, 0.25));
    await expect(again.accept(event("b"))).rejects.toMatchObject({ reason: "client_quota" });
    const { pending } = await again.recover();
    expect(pending.map(({ client }) => client)).toEqual(["anna", "anna", "bert"]);
    await again.begin([pending[0]!.id]);
    await again.settle(pending[0]!.id, { kind: "sent", at: 1_500, telegramMessageId: 1 });
    expect((await again.accept(event("b"))).duplicate).toBe(false);
    await again.close();
  });

  test("a client without waiting messages may bring one event, however small its share", async () => {
    await using h = await harness();
    const queue = await h.open({ now: 1_000 }, limited(4, 0.25));
    expect((await queue.accept(event("a", [1, 2, 3]))).messages).toHaveLength(3);
    await expect(queue.accept(event("b", [1, 2], "bert"))).rejects.toMatchObject({ reason: "queue_full" });
    await queue.close();
  });

  test("bytes count like messages", async () => {
    await using h = await harness();
    const queue = await h.open({ now: 1_000 }, limited(100, 0.5, 250));
    await queue.accept(event("a", [1, 2]));
    await expect(queue.accept(event("b", [1, 2]))).rejects.toMatchObject({ reason: "client_quota" });
    await queue.accept(event("c", [1, 2], "bert"));
    await expect(queue.accept(event("d", [1, 2], "carl"))).rejects.toMatchObject({ reason: "queue_full" });
    await queue.close();
  });

  test("refused chats are known after a restart, until a message arrives or nobody is to get any", async () => {
    await using h = await harness();
    const first = await h.open({ now: 1_000 });
    for (const id of ["a", "b"]) await settle(first, event(id, [1, 2, 3]), `403 for ${id}`, 1_500);
    await settle(first, event("c", [3]));
    const refused = (chatId: number) => ({ chatId, error: "403 for b", messages: 2, at: 1_500 });
    expect(first.stats().refusedChats).toEqual([refused(1), refused(2)]);
    await first.close();
    const second = await h.open({ now: 2_000 }, { recipients: [2, 3] });
    await second.recover();
    expect(second.stats().refusedChats).toEqual([refused(2)]);
    await settle(second, event("d", [2]));
    expect(second.stats().refusedChats).toEqual([]);
    await second.close();
  });

  test("of a client's refused messages the newest 200 are kept", async () => {
    await using h = await harness();
    const queue = await h.open({ now: 1_000 }, limited(1_000));
    for (let n = 0; n < 205; n += 1) await settle(queue, event(`a${n}`), "403");
    await settle(queue, event("b", [1], "bert"), "403");
    expect(queue.stats()).toMatchObject({ failed: 201, pending: 0 });
    expect(queue.stats().refusedChats[0]?.messages).toBe(206);
    await queue.close();
  });

  test("the event of a sent message is known as long as people may answer it, also over a restart", async () => {
    await using h = await harness();
    const first = await h.open({ now: 1_000 });
    const { messages } = await first.accept(event("a", [1, 2]));
    for (const [index, { id }] of messages.entries()) {
      await first.settle(id, { kind: "sent", at: 1_000 + index, telegramMessageId: 7 });
    }
    await first.close();
    const queue = await h.open({ now: 2_000 });
    expect(queue.eventOfMessage(1, 7)).toEqual({ id: "a", client: "anna" });
    expect(queue.eventOfMessage(2, 7)).toEqual({ id: "a", client: "anna" });
    expect(queue.eventOfMessage(1, 8)).toBeUndefined();
    await queue.prune({ ...NOTHING_PRUNED, answerableBefore: 1_001 });
    expect(queue.eventOfMessage(1, 7)).toBeUndefined();
    expect(queue.eventOfMessage(2, 7)).toEqual({ id: "a", client: "anna" });
    await queue.close();
  });

  test("a topic that was refused is left alone for ten minutes, also over a restart, and forgotten when it takes a message", async () => {
    await using h = await harness();
    const clock = { now: 1_000 };
    let queue = await h.open(clock);
    const inTopic = (id: string): NewEvent => {
      const given = event(id, [-5]);
      return { ...given, messages: given.messages.map((message) => ({ ...message, topic: 7 })) };
    };
    const begin = async (id: string) => {
      const { messages } = await queue.accept(inTopic(id));
      const [message] = await queue.begin(messages.map((each) => each.id));
      return message!;
    };
    const sent = (id: number) => queue.settle(id, { kind: "sent", at: clock.now, telegramMessageId: id });
    const again = { kind: "retry", notBefore: 0, error: "400: TOPIC_CLOSED", uncertain: false, plain: false } as const;

    const first = await begin("a");
    expect(first).toMatchObject({ chatId: -5, topic: 7 });
    await queue.settle(first.id, { ...again, at: clock.now, outOfTopic: true });
    const refused = { chatId: -5, topic: 7, error: "400: TOPIC_CLOSED", at: 1_000 };
    expect(queue.stats()).toMatchObject({ refusedTopics: [refused], refusedChats: [], failed: 0 });
    expect((await queue.begin([first.id]))[0]).not.toHaveProperty("topic");
    await sent(first.id);
    await queue.close();

    clock.now = 600_999;
    queue = await h.open(clock);
    await queue.recover();
    const second = await begin("b");
    expect(second).not.toHaveProperty("topic");
    // In General: it says nothing of the topic.
    await sent(second.id);
    expect(queue.stats().refusedTopics).toEqual([refused]);

    clock.now = 601_000;
    const third = await begin("c");
    expect(third.topic).toBe(7);
    await sent(third.id);
    expect(queue.stats().refusedTopics).toEqual([]);
    await queue.close();
    queue = await h.open(clock);
    expect(queue.stats().refusedTopics).toEqual([]);
    await queue.close();
  });

  test("what a chat became is known after a restart, also in two steps, and a name is asked for again when it refuses", async () => {
    await using h = await harness();
    const standIn = -(2 ** 52) - 9;
    let queue = await h.open({ now: 1_000 });
    await queue.migrateChat(standIn, -5);
    await queue.migrateChat(-5, -100);
    await queue.close();
    queue = await h.open({ now: 1_000 }, { recipients: [standIn] });
    const chatOf = async (id: string, chat: number) => (await queue.accept(event(id, [chat]))).messages[0]?.chatId;
    expect([queue.currentChat(standIn), queue.currentChat(-5), queue.currentChat(1)]).toEqual([-100, -100, 1]);
    expect([await chatOf("a", standIn), await chatOf("b", -5)]).toEqual([-100, -100]);
    await settle(queue, event("c", [standIn]), "403");
    await queue.close();
    queue = await h.open({ now: 1_000 }, { recipients: [standIn] });
    await queue.recover();
    expect(queue.refusedChats()).toMatchObject([{ chatId: -100 }]);
    expect([await chatOf("d", standIn), await chatOf("e", -5)]).toEqual([standIn, -100]);
    // Nobody has the name any more, and then another chat has it: the chat of the name has one state.
    await settle(queue, event("f", [standIn]), "400: chat not found");
    expect(queue.refusedChats()).toMatchObject([{ chatId: standIn, error: "400: chat not found" }]);
    expect(await chatOf("g", standIn)).toBe(standIn);
    await queue.migrateChat(standIn, -200);
    expect(queue.refusedChats()).toEqual([]);
    expect([await chatOf("h", standIn), queue.currentChat(standIn)]).toEqual([-200, -200]);
    await settle(queue, event("i", [standIn]), "403");
    await queue.migrateChat(standIn, -300);
    expect(queue.refusedChats()).toEqual([]);
    await queue.close();
    // What only words hang on does not fail when the file cannot be read.
    expect(queue.currentChat(standIn)).toBe(-300);
  });
});
