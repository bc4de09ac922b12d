import { expect, test } from "vitest";
import { startTelegram } from "../../../telegram/telegram.ts";
import { bridgeFor, configFor, eventOf, scratch, TOKEN, until } from "../support.ts";

const ASKED = 5;

test.each([
  ["in the line of the person's own chat", 1, 1_200],
  // As many as are sent in two minutes.
  ["for forty chats, at the bot's full rate", 40, 3_600],
])(
  "a command is answered by the chat's next message while a thousand events wait %s",
  async (_where, people, messages) => {
    await using directory = await scratch();
    const telegram = await startTelegram({ tokens: [TOKEN] });
    const allowedUsers = Array.from({ length: people }, (_, n) => n + 1);
    const updates = { mode: "Polling", pollSeconds: 25 } as const;
    await using bridge = await bridgeFor(
      configFor(directory.path, telegram.url, { telegram: { allowedUsers, updates } }),
    );
    await until("Telegram's answer", () => bridge.status().telegram.reachable);
    await Promise.all(Array.from({ length: messages / people }, (_, n) => bridge.accept(eventOf(`e${n}`))));
    await until("a full stream", () => telegram.delivered().length > people);
    const inItsChat = () => telegram.delivered().filter(({ chat_id }) => chat_id === 1);
    const before: number[] = [];
    const took: number[] = [];
    for (let n = 0; n < ASKED; n += 1) {
      const start = performance.now();
      const { length } = inItsChat();
      telegram.control({ says: [{ from: { id: 1 }, text: `/ask_${n}` }] });
      const answer = () => inItsChat().findIndex(({ text }) => text?.includes(`/ask_${n}.`));
      await until("the answer", () => answer() >= 0);
      took.push(Math.round(performance.now() - start));
      before.push(answer() - length);
      // An event has the place after it.
      await until("another event", () => inItsChat().length > answer() + 1);
    }
    console.log(`answered after ${took.join(", ")} ms with ${bridge.status().queue.pending} messages waiting`);
    expect(bridge.status().queue.pending).toBeGreaterThan(1_000);
    // One may be on its way when the bridge hears the command.
    expect(Math.max(...before)).toBeLessThanOrEqual(1);
    expect(telegram.violations()).toEqual([]);
    await telegram.close();
  },
);
