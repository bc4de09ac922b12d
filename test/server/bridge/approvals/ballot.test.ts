import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Ballot, type Ruling, rulingOn, type Vote } from "../../../../server/bridge/approvals/ballot.ts";
import { actionsOf } from "../../../../server/bridge/approvals/option-actions.ts";

const ballots = fc
  .record({ people: fc.integer({ min: 1, max: 6 }), options: fc.integer({ min: 2, max: 4 }), denies: fc.boolean() })
  .chain(({ people, options, denies }) =>
    fc.record({
      people: fc.constant(people),
      actions: fc.constant(
        Array.from({ length: options }, (_, index) => {
          if (denies && index === options - 1) return "deny" as const;
          return index === 0 ? ("approve" as const) : ("option" as const);
        }),
      ),
      required: fc.integer({ min: 1, max: people }),
      // Also strangers, and people who press again.
      votes: fc.array(
        fc.record({
          userId: fc.integer({ min: 1, max: people + 2 }),
          option: fc.integer({ min: 0, max: options - 1 }),
        }),
        { maxLength: 20 },
      ),
    }),
  );

describe("votes", () => {
  test("whoever votes in whatever order: each person counts once, strangers never, and what is decided is right", () => {
    fc.assert(
      fc.property(ballots, ({ people, actions, required, votes }) => {
        const approvers = new Set(Array.from({ length: people }, (_, index) => index + 1));
        const counted: Vote[] = [];
        for (const vote of votes) {
          const ballot = { actions, required, approvers, votes: counted };
          const ruling = rulingOn(ballot, vote);
          const expected = refusalOf(vote, ballot);
          if (expected !== undefined) {
            expect(ruling).toEqual(expected);
            continue;
          }
          counted.push(vote);
          if (isFinal(ruling, ballot)) return;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  function refusalOf({ userId }: Vote, { approvers, votes }: Ballot): Ruling | undefined {
    if (!approvers.has(userId)) return { kind: "not_an_approver" };
    const earlier = votes.find((each) => each.userId === userId);
    return earlier && { kind: "second", option: earlier.option };
  }

  /** Checks what follows from all the votes, the last one with them. */
  function isFinal(ruling: Ruling, { actions, required, approvers, votes }: Ballot): boolean {
    const tally = actions.map((_, option) => votes.filter((each) => each.option === option).length);
    const most = Math.max(...tally);
    const within = most + approvers.size - votes.length;
    const isDenied = votes.some(({ option }) => actions[option] === "deny");
    if (ruling.kind !== "decided") {
      expect(ruling.kind).toBe("counted");
      expect({ isDenied, isOpen: most < required && within >= required }).toEqual({ isDenied: false, isOpen: true });
      return false;
    }
    if (ruling.option === null)
      expect({ isDenied, isOpen: within >= required }).toEqual({ isDenied: false, isOpen: false });
    else expect(ruling.option).toBe(votes.at(-1)?.option);
    if (!isDenied && ruling.option !== null) expect(tally[ruling.option]).toBe(required);
    return true;
  }

  test("when all have voted it is decided", () => {
    fc.assert(
      fc.property(ballots, fc.array(fc.integer({ min: 0, max: 3 })), ({ people, actions, required }, choices) => {
        const approvers = new Set(Array.from({ length: people }, (_, index) => index + 1));
        const counted: Vote[] = [];
        const kinds = [...approvers].map((userId, index) => {
          const vote = { userId, option: (choices[index] ?? 0) % actions.length };
          const { kind } = rulingOn({ actions, required, approvers, votes: counted }, vote);
          counted.push(vote);
          return kind;
        });
        expect(kinds).toContain("decided");
      }),
    );
  });
});

describe("what options mean for programs that know approve and deny alone", () => {
  test.each([
    [
      ["Approve", "Deny"],
      ["approve", "deny"],
    ],
    [
      ["Deny", "Approve"],
      ["deny", "approve"],
    ],
    [
      ["❌ Reject", "✅ Accept"],
      ["deny", "approve"],
    ],
    [
      ["Deploy now", "Deny"],
      ["approve", "deny"],
    ],
    [
      ["No", "Deploy now"],
      ["deny", "approve"],
    ],
    [
      ["Ausrollen", "Abbrechen"],
      ["approve", "deny"],
    ],
    [
      ["Blue", "Green", "Neither"],
      ["approve", "option", "option"],
    ],
    [
      ["Cancel", "Blue", "Green"],
      ["deny", "approve", "option"],
    ],
    [
      ["Yes, all", "Yes, half", "No"],
      ["approve", "approve", "deny"],
    ],
    [
      ["Nothing", "Notify"],
      ["approve", "deny"],
    ],
  ])("%j: %j", (options, actions) => {
    expect(actionsOf(options)).toEqual(actions);
  });
});
