import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { approvalLimits, approvalRequestSchema } from "../../../../contract/approvals.ts";
import type { EndedApproval, KeptVote } from "../../../../server/bridge/approvals/kept-approval.ts";
import { actionsOf } from "../../../../server/bridge/approvals/option-actions.ts";
import { buttonTexts, decidedAnswer, questionOf, withOutcome } from "../../../../server/bridge/approvals/wording.ts";
import { shownText } from "../../../../server/bridge/formatting/shown-text.ts";
import { requestFor } from "./support.ts";

const timeZone = "Europe/Berlin";

const unicode = (maxLength: number) => fc.string({ unit: "binary", minLength: 1, maxLength });
const requests = fc
  .record({
    title: unicode(200),
    description: fc.oneof(
      unicode(approvalLimits.descriptionLength),
      fc.constantFrom("x", "👩‍👩‍👧‍👦", "words and ", "\n\n").map((text) => text.repeat(8_000).slice(0, 8_000)),
    ),
    client: unicode(100),
    options: fc.uniqueArray(unicode(approvalLimits.optionLength), { minLength: 2, maxLength: 10 }),
  })
  .map((fields) => requestFor("d1", fields))
  .filter((request) => approvalRequestSchema.safeParse(request).success);

const withoutSpace = (text: string) => text.replace(/\s/g, "");

describe("a question", () => {
  test("shows the whole prompt, however it is made, in messages that Telegram takes, with room for the outcome", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const parts = questionOf(request, { people: 3, expiresAt: 1_767_225_600_000, timeZone });
        expect(parts.length).toBeLessThanOrEqual(4);
        const bodies = parts.map(({ text }) => text).join("\n");
        expect(bodies).not.toContain("characters were left out");
        const last = parts.at(-1);
        expect(last).toBeDefined();
        for (const { text } of parts) expect(text.length).toBeLessThanOrEqual(4_096);
        expect((last?.text.length ?? 0) + 800).toBeLessThanOrEqual(4_096);
        const prompt = withoutSpace(shownText(request.description));
        expect(withoutSpace(bodies).length).toBeGreaterThanOrEqual(prompt.length);
        if (parts.length === 1) expect(withoutSpace(bodies)).toContain(prompt);
        expect(buttonTexts(request.options).every((text) => text.length <= 40)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe("an outcome", () => {
  test("fits behind the question and into the answer of a button, whoever decided what", () => {
    const votes = fc.array(
      fc.record({
        userId: fc.integer({ min: 1 }),
        username: fc.option(fc.stringMatching(/^\w{5,32}$/)),
        firstName: fc.option(unicode(256)),
      }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(requests, votes, fc.constantFrom("votes", "disagreement", "timeout"), (request, people, reason) => {
        const { options } = request;
        const question = questionOf(request, { people: 3, expiresAt: 1, timeZone }).at(-1) ?? {
          text: "",
          entities: [],
        };
        const all: KeptVote[] = people.map((person, index) => ({ ...person, option: index % options.length, at: 1 }));
        const option = reason === "disagreement" ? null : 0;
        const ended: EndedApproval = {
          ...{ row: 1, id: "d1", client: "ci", title: request.title, options, actions: actionsOf(options) },
          ...{ approvers: [1], required: 1, onTimeout: "deny", request: "", secret: Buffer.alloc(32), question },
          ...{ state: "decided", decision: { action: "deny", option, reason }, createdAt: 1, expiresAt: 2, endedAt: 2 },
          votes: all,
        };
        const { text, entities } = withOutcome(ended, timeZone);
        expect(text.length).toBeLessThanOrEqual(4_096);
        for (const { offset, length } of entities) expect(offset + length).toBeLessThanOrEqual(text.length);
        expect(text.isWellFormed()).toBe(true);
        expect(decidedAnswer(ended, timeZone).length).toBeLessThanOrEqual(200);
      }),
      { numRuns: 200 },
    );
  });
});
