import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { auditOf } from "../../support/audit.ts";
import type { Overrides } from "../support.ts";
import { bridgeFor, configFor, type Scratch, scratch, signedFetch, type TestBridge, TOKEN, until } from "../support.ts";
import { ANNA, answers, BOB, CARA, edits, MALLORY, press, questionIn, questions, requestFor } from "./support.ts";

let telegram: TelegramServer;
let directory: Scratch;
let bridge: TestBridge | undefined;

beforeEach(async () => {
  telegram = await startTelegram({ tokens: [TOKEN] });
  directory = await scratch();
});

afterEach(async () => {
  await bridge?.close();
  bridge = undefined;
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

async function start(allowedUsers: readonly number[] = [1], more: Overrides["telegram"] = {}): Promise<TestBridge> {
  const updates = { mode: "Polling", pollSeconds: 1 } as const;
  const fast = { messagesPerChatPerSecond: 30 };
  bridge = await bridgeFor(
    configFor(directory.path, telegram.url, { telegram: { updates, allowedUsers, ...fast, ...more } }),
  );
  telegram.control({ limits: false });
  await until("Telegram's answer", () => bridge?.status().telegram.error !== "not asked yet");
  return bridge;
}

const state = (id: string) => bridge?.approvals.approval(id, "ci").state;
const answered = (count: number) => until(`${count} answers`, () => answers(telegram).length >= count);
const edited = (count: number) => until(`${count} edits`, () => edits(telegram).length >= count);
const codeOf = (error: unknown) => (error as { code?: string }).code;

describe("one person decides", () => {
  test("the whole prompt is shown; a click decides, the message tells who and when, and the buttons go", async () => {
    const { approvals, responses, relay, log } = await start();
    const { position } = await relay.follow({ after: "now", wait_ms: 0 }, new AbortController().signal);
    const asked = await approvals.ask(requestFor("d1"));
    expect(asked).toMatchObject({ duplicate: false, messages: 1, approval: { state: "pending", approvers: [1] } });
    const { texts, message_id, data } = await questionIn(telegram, 1);
    expect(texts).toEqual(["Approve", "Deny"]);
    for (const each of data) expect(Buffer.byteLength(each)).toBeLessThanOrEqual(64);
    expect(telegram.delivered()[0]?.text).toContain("Version 2.1.0, 14 changes.");
    await press(telegram, ANNA, 0);
    await answered(1);
    expect(answers(telegram)[0]).toMatch(/^✅ Approve — Anna \(@anna\), /);
    expect(approvals.approval("d1", "ci")).toMatchObject({
      state: "decided",
      decision: { action: "approve", option: "Approve", option_index: 0, reason: "votes", callback_data: "approve_d1" },
      votes: [{ user_id: 1, username: "anna", option: "Approve" }],
    });
    await edited(1);
    expect(edits(telegram)[0]).toMatchObject({ chat_id: 1, message_id });
    expect(edits(telegram)[0]?.text).toMatch(/Version 2\.1\.0[\s\S]*✅ Approve — Anna \(@anna\), .* UTC$/);
    expect(edits(telegram)[0]).not.toHaveProperty("reply_markup");
    expect(responses({ since: 0, limit: 10, client: "ci" })).toMatchObject([
      { kind: "click", text: "approve_d1", event_id: "d1", user_id: 1 },
    ]);
    const told = await relay.follow({ after: position, wait_ms: 0 }, new AbortController().signal);
    const states = told.messages
      .filter(({ topic }) => topic === "approval/d1")
      .map(({ text }) => JSON.parse(text).state);
    expect(states).toEqual(["pending", "decided"]);
    const records = auditOf(log);
    expect(records).toMatchObject([
      { decision: "approval", outcome: "done", step: "asked", approval_id: "d1", client: "ci" },
      { decision: "approval", outcome: "done", step: "decided", approval_id: "d1", user_id: 1, message_id, option: 0 },
    ]);
    const audit = log.map((line) => JSON.parse(line)).filter(({ audit: what }) => what !== undefined);
    expect(audit.map(({ audit: what }) => what)).toEqual(["approval_asked", "approval_decided"]);
    expect(await bridge?.metric("cctelegram_approvals_total", { what: "decided" })).toBe(1);
    expect(audit[1]).toMatchObject({ approval_id: "d1", client: "ci", user_id: 1, chat_id: 1, message_id, option: 0 });
    expect(telegram.violations()).toEqual([]);
  });

  test("a second and a late click are answered politely and change nothing", async () => {
    const { approvals, responses } = await start([1, 2]);
    await approvals.ask(requestFor("d1"));
    await press(telegram, ANNA, 1);
    await answered(1);
    const { message_id, chat_id, data } = await questionIn(telegram, 2);
    telegram.control({ updates: [clicked(2, { chat_id, message_id, data: data[0]! })] });
    await until("the late click", () => bridge!.log.some((line) => line.includes("approval_refused_late")));
    expect(auditOf(bridge!.log).at(-1)).toMatchObject({ outcome: "refused", step: "refused_late", user_id: 2 });
    expect(approvals.approval("d1", "ci")).toMatchObject({ decision: { action: "deny" }, votes: [{ user_id: 1 }] });
    expect(responses({ since: 0, limit: 10 }).map(({ text }) => text)).toEqual(["deny_d1"]);
  });

  test("data from another message, of another option's code, or made up, does not count", async () => {
    const { approvals } = await start();
    await approvals.ask(requestFor("d1"));
    await approvals.ask(requestFor("d2"));
    await until("both", () => questions(telegram).length === 2);
    const [first, second] = questions(telegram);
    const forged = first!.data[0]!.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
    const swapped = first!.data[0]!.replace(/\.0\./, ".1.");
    telegram.control({
      updates: [
        clicked(1, { ...second!, data: first!.data[0]! }),
        clicked(1, { ...first!, data: forged }),
        clicked(1, { ...first!, data: swapped }),
        clicked(1, { ...first!, data: "ap.zzzzzz.0.AAAAAAAAAAAAAAAAAAAAAA" }),
        clicked(1, { chat_id: 5, message_id: 77, data: first!.data[0]! }),
      ],
    });
    telegram.control({ says: [{ from: ANNA, text: "done" }] });
    await until("all of them", () => bridge!.responses({ since: 0, limit: 10 }).some(({ text }) => text === "done"));
    expect([state("d1"), state("d2")]).toEqual(["pending", "pending"]);
    expect(await bridge!.metric("cctelegram_updates_total", { kind: "void_click" })).toBe(5);
  });

  test("somebody who is not on the list, or was not asked, decides nothing", async () => {
    const { approvals } = await start([1, 2, -100]);
    await approvals.ask(requestFor("d1", { approvers: [1], chats: [-100] }));
    await press(telegram, BOB, 0, -100);
    await press(telegram, MALLORY, 0, -100);
    await answered(2);
    expect(answers(telegram)).toEqual([
      "This is not yours to decide: other people were asked.",
      expect.stringContaining("Your id, for its administrator: 66"),
    ]);
    expect(state("d1")).toBe("pending");
    await press(telegram, ANNA, 0, -100);
    await answered(3);
    expect(state("d1")).toBe("decided");
  });

  test("it is asked where routes send requests for approval, in a topic, too, or in the chats that are named", async () => {
    const chats = [{ name: "ops", id: -1_001_000_000_001, topic: 7 }];
    const routes = [{ eventTypes: ["approval_request"], clients: ["ci"], chats: ["ops"] }];
    telegram.control({ groups: [{ id: -1_001_000_000_001, type: "supergroup", topics: [{ id: 7 }] }] });
    const { approvals } = await start([1, 2], { chats, routes });
    await approvals.ask(requestFor("routed"));
    const { chat_id, message_id, data } = await questionIn(telegram, -1_001_000_000_001);
    expect(telegram.delivered()[0]).toMatchObject({ message_thread_id: 7 });
    await approvals.ask(requestFor("named", { chats: [2] }));
    await questionIn(telegram, 2);
    expect(questions(telegram)).toHaveLength(2);
    telegram.control({ presses: [{ from: BOB, chat_id, message_id, data: data[0] ?? "" }] });
    await until("the decision", () => state("routed") === "decided");
    await edited(1);
    expect(telegram.violations()).toEqual([]);
  });

  test("options of any text: numbered, whole in the message, and told as they were given", async () => {
    const long = `Roll out to ${"half of ".repeat(6)}the clusters`;
    const options = [long, "🚀 Alles ausrollen", "Später"];
    const { approvals } = await start();
    await approvals.ask(requestFor("d1", { options }));
    const { texts } = await questionIn(telegram, 1);
    expect(texts[1]).toBe("2. 🚀 Alles ausrollen");
    expect(telegram.delivered()[0]?.text).toContain(`1. ${long}`);
    await press(telegram, ANNA, 2);
    await answered(1);
    expect(approvals.approval("d1", "ci").decision).toMatchObject({
      action: "option",
      option: "Später",
      callback_data: "opt3_d1",
    });
  });
});

describe("several people decide", () => {
  test("the required number has to choose the same; everybody sees how far it is; each one counts once", async () => {
    const { approvals, responses } = await start([1, 2, 3]);
    await approvals.ask(requestFor("d1", { required_approvals: 3 }));
    // One that is not sent yet when Anna presses has her vote in it from the start, and is not edited.
    await until("the messages", () => telegram.delivered().length === 3);
    await press(telegram, ANNA, 0);
    await answered(1);
    expect(answers(telegram)[0]).toBe("Counted: Approve. 1 of 3.");
    await edited(3);
    expect(edits(telegram)[0]).toMatchObject({
      reply_markup: { inline_keyboard: [[{ text: "Approve" }], expect.anything()] },
    });
    expect(edits(telegram)[0]?.text).toContain("1 of 3 — Anna (@anna): Approve");
    await press(telegram, ANNA, 1);
    await answered(2);
    expect(answers(telegram)[1]).toBe("You have chosen already: Approve.");
    expect(responses({ since: 0, limit: 10 })).toEqual([]);
    await press(telegram, BOB, 0);
    await answered(3);
    expect(state("d1")).toBe("pending");
    await edited(6);
    await press(telegram, CARA, 0);
    await answered(4);
    expect(approvals.approval("d1", "ci")).toMatchObject({ state: "decided", decision: { action: "approve" } });
    await edited(9);
    const last = edits(telegram).slice(-3);
    expect(new Set(last.map(({ chat_id }) => chat_id))).toEqual(new Set([1, 2, 3]));
    for (const { text } of last) expect(text).toMatch(/✅ Approve — Anna \(@anna\), Bob, Cara, /);
    expect(responses({ since: 0, limit: 10 }).map(({ text }) => text)).toEqual(["approve_d1"]);
    expect(telegram.violations()).toEqual([]);
  });

  test("one denial is enough", async () => {
    const { approvals } = await start([1, 2, 3]);
    await approvals.ask(requestFor("d1", { required_approvals: 2 }));
    await press(telegram, BOB, 1);
    await answered(1);
    expect(approvals.approval("d1", "ci")).toMatchObject({
      state: "decided",
      decision: { action: "deny", option: "Deny" },
    });
  });

  test("people who can no longer agree end it without a choice", async () => {
    const { approvals } = await start([1, 2]);
    const options = ["Monday", "Tuesday", "Wednesday"];
    await approvals.ask(requestFor("d1", { options, required_approvals: 2 }));
    await press(telegram, ANNA, 0);
    await press(telegram, BOB, 2);
    await answered(2);
    expect(approvals.approval("d1", "ci").decision).toMatchObject({
      action: "deny",
      option: null,
      reason: "disagreement",
    });
    await edited(4);
    expect(edits(telegram).at(-1)?.text).toContain("❌ No agreement — Anna (@anna): Monday, Bob: Wednesday");
  });
});

describe("time", () => {
  test("runs out: it expires, or counts as denied; the message says so, and a click after it changes nothing", async () => {
    const { approvals } = await start();
    await approvals.ask(requestFor("d1", { timeout_minutes: 0.02 }));
    await approvals.ask(requestFor("d2", { timeout_minutes: 0.02, on_timeout: "deny" }));
    await until("the end of both", () => state("d1") === "expired" && state("d2") === "decided");
    expect(approvals.approval("d2", "ci").decision).toMatchObject({
      action: "deny",
      option: "Deny",
      reason: "timeout",
    });
    await edited(2);
    const texts = edits(telegram).map(({ text }) => text);
    expect(texts.some((text) => /⌛ Expired: nobody decided by .* UTC$/.test(text))).toBe(true);
    expect(texts.some((text) => /❌ Denied: nobody decided by .* UTC$/.test(text))).toBe(true);
    const [question] = questions(telegram);
    telegram.control({ updates: [clicked(1, { ...question!, data: question!.data[0]! })] });
    await until("the late click", () => bridge!.log.some((line) => line.includes("approval_refused_late")));
    expect(state("d1")).toBe("expired");
  });

  test("runs out while the bridge is away", async () => {
    const { approvals } = await start();
    await approvals.ask(requestFor("d1", { timeout_minutes: 0.02 }));
    await questionIn(telegram, 1);
    await bridge?.close();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await start();
    await edited(1);
    expect(state("d1")).toBe("expired");
  });

  test("a message that comes out after the end loses its buttons, too", async () => {
    telegram.control({ outage: true });
    const { approvals } = await start();
    await approvals.ask(requestFor("d1", { timeout_minutes: 0.02 }));
    await until("the end", () => state("d1") === "expired");
    telegram.control({ outage: false });
    await edited(1);
    expect(edits(telegram)[0]).not.toHaveProperty("reply_markup");
  });
});

describe("what a client may ask", () => {
  test("the same again under the same id sends nothing; another question under it is refused", async () => {
    const { approvals, accept } = await start();
    await approvals.ask(requestFor("d1"));
    expect(await approvals.ask(requestFor("d1"))).toMatchObject({ duplicate: true, messages: 1 });
    expect(await approvals.ask(requestFor("d1")).then(({ approval }) => approval.state)).toBe("pending");
    const other = approvals.ask(requestFor("d1", { description: "Something else" }));
    expect(codeOf(await other.catch((error) => error))).toBe("APPROVAL_CONFLICT");
    await accept({ ...eventFor("e1") });
    expect(codeOf(await approvals.ask(requestFor("e1")).catch((error) => error))).toBe("APPROVAL_CONFLICT");
    await questionIn(telegram, 1);
    expect(questions(telegram)).toHaveLength(1);
  });

  test("sees its own approvals alone", async () => {
    const { approvals, url } = await start();
    await approvals.ask(requestFor("d1"));
    await approvals.ask(requestFor("d2", { client: "other" }));
    const get = async (path: string) => (await signedFetch(`${url}${path}`, "GET")).status;
    expect(await get("/approvals/d1?client=ci")).toBe(200);
    expect(await get("/approvals/d1?client=other")).toBe(404);
    expect(await get("/approvals/d1")).toBe(200);
    expect((await fetch(`${url}/approvals/d1?client=ci`)).status).toBe(401);
    const list = await (await signedFetch(`${url}/approvals?client=other`, "GET")).json();
    expect(list).toMatchObject({ approvals: [{ approval_id: "d2" }] });
    expect((list as { approvals: unknown[] }).approvals).toHaveLength(1);
  });

  test("takes a question back: the message says so, and nobody can answer any more", async () => {
    const { approvals, url } = await start();
    await approvals.ask(requestFor("d1"));
    await questionIn(telegram, 1);
    await until("its record", () => bridge?.eventStatus("d1", "ci").state === "sent");
    expect((await signedFetch(`${url}/approvals/d1?client=other`, "DELETE")).status).toBe(404);
    expect((await signedFetch(`${url}/approvals/d1?client=ci`, "DELETE")).status).toBe(200);
    expect(state("d1")).toBe("withdrawn");
    await edited(1);
    expect(edits(telegram)[0]?.text).toContain("↩️ Withdrawn by the sender");
  });

  test.each([
    ["approvers who may not talk to the bot", { approvers: [66] }, /approvers: 66 may not talk/],
    ["more agreement than there are people", { required_approvals: 2 }, /2 people have to agree, and 1 may decide/],
    ["a chat that gets no messages", { chats: [5] }, /chats: 5 gets no messages/],
    ["options that look the same", { options: ["Yes", " Yes "] }, /two of them look like "Yes"/],
    ["an option that shows nothing", { options: ["Yes", "\u200f"] }, /one of them shows nothing/],
  ])("refused: %s", async (_name, fields, words) => {
    const { approvals } = await start();
    const error = await approvals.ask(requestFor("d1", fields)).catch((thrown: Error) => thrown);
    expect(codeOf(error)).toBe("VALIDATION_ERROR");
    expect((error as Error).message).toMatch(words);
    expect(approvals.list({ limit: 10 })).toEqual([]);
  });

  test("a bridge that hears nobody refuses, and says what to set", async () => {
    const { approvals } = await start([1], { updates: { mode: "None" } });
    const error = await approvals.ask(requestFor("d1")).catch((thrown: Error) => thrown);
    expect(codeOf(error)).toBe("APPROVALS_UNAVAILABLE");
    expect((error as Error).message).toContain("telegram.updates");
  });

  test("a hundred pending at most", async () => {
    const { approvals } = await start();
    telegram.control({ outage: true });
    await Promise.all(Array.from({ length: 100 }, (_, index) => approvals.ask(requestFor(`d${index}`))));
    await expect(approvals.ask(requestFor("more"))).rejects.toThrow("100 approvals of the client wait");
    await approvals.ask(requestFor("mine", { client: "another" }));
  });
});

function clicked(userId: number, { chat_id, message_id, data }: { chat_id: number; message_id: number; data: string }) {
  const from = { id: userId, is_bot: false, first_name: `Person ${userId}` };
  const type = chat_id > 0 ? "private" : "group";
  const message = { message_id, date: 1, chat: { id: chat_id, type }, text: "x" };
  return { callback_query: { id: `forged-${userId}-${message_id}`, from, message, chat_instance: "1", data } };
}

function eventFor(id: string) {
  return {
    ...{ event_id: id, type: "info_notification", source: "test", client: "ci", timestamp: "2026-01-02T03:04:05Z" },
    ...{ task_id: "task", title: "Event", description: "Something happened", data: {} },
  };
}
