import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Event } from "../../../../contract/event.ts";
import { format } from "../../../../server/bridge/formatting/formatter.ts";
import { messagesOf } from "../../../../server/bridge/formatting/messages.ts";
import { MOST_PARTS, partsOf } from "../../../../server/bridge/formatting/parts.ts";
import type { NewMessage } from "../../../../server/bridge/queue/message.ts";
import { checkCaption, checkText } from "../../../telegram/text-rules.ts";
import { eventOf } from "../support.ts";

const wording = { style: "concise", timeZone: "Europe/Berlin" } as const;

const HIDDEN = /(?![\t\n])\p{Cc}|[\u202a-\u202e\u2066-\u2069\u200e\u200f\u{1d400}-\u{1d7ff}]/u;

const pieces = fc.constantFrom(
  "word ",
  "line\n",
  "\n\n",
  "\r",
  "\u0000",
  "\u001b[2J",
  "\u009b",
  "\u202e",
  "\u2066",
  "\u2029",
  "\ud83d",
  "👩‍👩‍👧‍👦",
  "𝗗𝗲𝗽𝗹𝗼𝘆",
  "\u{1d515}",
  "e\u0301",
  "汉",
  "— admin",
  "\n\n🔐 Deploy approval",
  "x".repeat(3_000),
  "y ".repeat(5_000),
  "\n".repeat(4_096),
);
const shownTextOf = (maxLength: number) =>
  fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join("").slice(0, maxLength)),
  );

const events: fc.Arbitrary<Event> = fc
  .record({
    title: shownTextOf(200).map((title) => title || "t"),
    description: shownTextOf(16_000).map((text) => text || "d"),
    client: fc.oneof(fc.constantFrom("unknown", "beta"), shownTextOf(100)).map((client) => client || "c"),
    type: fc.constantFrom("info_notification", "task_completion", "approval_request", "something"),
    results: shownTextOf(16_000),
  })
  .map(({ results, ...fields }) => eventOf("a", { ...fields, data: { results, approval_prompt: results } }));

const boldOf = ({ text, entities }: NewMessage) =>
  entities.filter(({ type }) => type === "bold").map(({ offset, length }) => text.slice(offset, offset + length));

describe("the messages of an event", () => {
  test("every part begins with the event's own title in bold, ends with its sender, and Telegram takes it", () => {
    fc.assert(
      fc.property(events, (event) => {
        const { title, sender } = format(event, wording);
        const parts = messagesOf(event, [{ chatId: 1 }], wording);
        expect(parts.length).toBeGreaterThanOrEqual(1);
        const isLong = parts.some(({ file }) => file !== undefined);
        for (const [index, part] of parts.entries()) {
          if (part.file === undefined) checkText(part.text, undefined, part.entities);
          else checkCaption(part.text, undefined, part.entities);
          const number = parts.length > 1 && !isLong ? ` (${index + 1}/${parts.length})` : "";
          expect(part.text.split("\n")[0]).toBe(title + number);
          expect(boldOf(part)).toEqual([title]);
          if (sender !== undefined) {
            const italic = part.entities.filter(({ type }) => type === "italic");
            expect(italic.map(({ offset }) => part.text.slice(offset))).toEqual([`— ${sender}`]);
          }
          expect(part.text).not.toMatch(HIDDEN);
          expect(part.text).toBe(part.text.trim());
        }
      }),
      { numRuns: 300 },
    );
  });

  test("rows and bytes are bounded by the input, and by a constant for each chat", () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 0, max: 5 }), (event, chats) => {
        const chatIds = Array.from({ length: chats }, (_, index) => index + 1);
        const messages = messagesOf(
          event,
          chatIds.map((chatId) => ({ chatId })),
          wording,
        );
        const bytes = (text: string) => Buffer.byteLength(text.toWellFormed());
        const input = bytes(JSON.stringify(event));
        const stored = messages.reduce((sum, { text }) => sum + bytes(text), 0);
        expect(messages.length).toBeLessThanOrEqual(chats * MOST_PARTS);
        expect(stored).toBeLessThanOrEqual(chats * Math.min(MOST_PARTS * 12_288, input + MOST_PARTS * 1_200));
      }),
      { numRuns: 100 },
    );
  });

  test("a text for one message stays one, without a number", () => {
    const [only, ...others] = messagesOf(eventOf("a", { description: "x".repeat(4_000) }), [{ chatId: 1 }], wording);
    expect(others).toEqual([]);
    expect(only?.text).toBe(`ℹ️ Event a\n\n${"x".repeat(4_000)}\n\n— tester`);
  });

  test("a longer text is numbered, and whole", () => {
    const description = Array.from({ length: 1_200 }, (_, index) => `word${index}`).join(" ");
    const parts = messagesOf(eventOf("a", { description }), [{ chatId: 7 }, { chatId: 8 }], wording);
    expect(parts.map(({ chatId, part }) => [chatId, part])).toEqual(
      [7, 8].flatMap((chat) => [0, 1, 2].map((n) => [chat, n])),
    );
    const bodies = parts.slice(0, 3).map(({ text }, index) => {
      expect(text).toMatch(new RegExp(`^ℹ️ Event a \\(${index + 1}/3\\)\n\n`));
      return text.split("\n\n")[1];
    });
    expect(bodies.join(" ")).toBe(description);
  });

  test("of more than four parts there are two: the beginning, and a document with all of it", () => {
    const description = "x".repeat(20_000);
    const messages = messagesOf(eventOf("a", { description }), [{ chatId: 1 }, { chatId: 2 }], wording);
    expect(messages.map(({ chatId, part, file }) => [chatId, part, file?.name])).toEqual(
      [1, 2].flatMap((chat) => [
        [chat, 0, undefined],
        [chat, 1, "message.txt"],
      ]),
    );
    expect(messages[0]?.text).toMatch(/x\n\n… the whole text is in the document below\n\n— tester$/);
    expect(Buffer.from(messages[1]!.file!.bytes).toString()).toBe(`ℹ️ Event a\n\n${description}\n\n— tester\n`);
    expect(messages[3]?.file).toBe(messages[1]?.file);
    const four = messagesOf(eventOf("a", { description: "x".repeat(16_000) }), [{ chatId: 1 }], wording);
    expect(four.map(({ file }) => file)).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("what is too long where no document can be is cut, and the last part says how much is missing", () => {
    const parts = partsOf(format(eventOf("a", { description: "x".repeat(200_000) }), wording));
    expect(parts).toHaveLength(MOST_PARTS);
    const body = parts.map(({ text }) => text.match(/^x+$/m)?.[0] ?? "").join("");
    expect(parts[3]?.text).toContain(
      `\n\n… cut: ${65_536 - body.length} of 65536 characters were left out\n\n— tester`,
    );
  });

  test("a text cannot look like the bridge's own words", () => {
    const fake = "fine\n\n— admin\n\n\n\n\n\n🔐 𝗗𝗲𝗽𝗹𝗼𝘆 approval\nApprove: https://evil.example\n\n— 𝑎𝑑𝑚𝑖𝑛";
    const [message] = messagesOf(eventOf("a", { description: fake, client: "beta" }), [{ chatId: 1 }], wording);
    expect(message?.text).toBe(
      "ℹ️ Event a\n\nfine\n\n— admin\n\n\n🔐 Deploy approval\nApprove: https://evil.example\n\n— admin\n\n— beta",
    );
    const signature = "— beta".length;
    expect(message?.entities).toEqual([
      { type: "bold", offset: 0, length: "ℹ️ Event a".length },
      { type: "italic", offset: message!.text.length - signature, length: signature },
    ]);
  });

  test("parts of white space alone are not sent: Telegram would refuse them", () => {
    const messages = messagesOf(eventOf("a", { description: `a${"\n ".repeat(9_000)}c` }), [{ chatId: 1 }], wording);
    expect(messages.map(({ text }) => text)).toEqual(["ℹ️ Event a\n\na\n\n\nc\n\n— tester"]);
  });
});
