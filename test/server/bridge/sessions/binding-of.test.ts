import { describe, expect, test } from "vitest";
import { bindingOf } from "../../../../server/bridge/sessions/binding-of.ts";

const heard = { isPrivate: true, topic: undefined, answered: undefined, place: undefined, chat: undefined };

describe("whom somebody speaks to", () => {
  test.each([
    ["in a private chat that nobody bound: nobody", {}, undefined, false],
    ["in a bound private chat: its session", { place: 1, chat: 1 }, 1, false],
    ["in a topic of a private chat: that of the chat", { topic: 5, chat: 1 }, 1, false],
    ["in a bound topic of a private chat: that of the topic", { topic: 5, place: 2, chat: 1 }, 2, false],
    ["in a bound topic of a group", { isPrivate: false, topic: 5, place: 2 }, 2, false],
    ["in a topic of a group whose General is bound: nobody", { isPrivate: false, topic: 5, chat: 1 }, undefined, false],
    ["an answer goes to whom it answers", { answered: { session: 3 }, place: 1, chat: 1 }, 3, false],
    [
      "an answer to what no session said reaches none",
      { answered: { session: undefined }, place: 1 },
      undefined,
      false,
    ],
    ["the first answer in an unbound private chat binds it", { answered: { session: 3 } }, 3, true],
    ["and so in an unbound topic", { isPrivate: false, topic: 5, answered: { session: 3 }, chat: 1 }, 3, true],
    ["never in a group's General, where others talk", { isPrivate: false, answered: { session: 3 } }, 3, false],
  ])("%s", (_what, more, session, binds) => {
    expect(bindingOf({ ...heard, ...more })).toEqual({ session, binds });
  });
});
