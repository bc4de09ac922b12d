import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startTelegram, type TelegramOptions } from "../../../telegram/telegram.ts";
import { bridgeFor, configFor, eventOf, type Overrides, post, scratch, TOKEN, until } from "../support.ts";

const OTHER_TOKEN = "987654321:BBabcdefghijklmnopqrstuvwxyz0123456";

async function stage(overrides: Overrides = {}, options: TelegramOptions = {}) {
  const directory = await scratch();
  const telegram = await startTelegram({ tokens: [TOKEN], ...options });
  const bridge = await bridgeFor(configFor(directory.path, telegram.url, overrides));
  const texts = (chat: number) => telegram.delivered().flatMap((each) => (each.chat_id === chat ? [each.text] : []));
  return {
    telegram,
    bridge,
    texts,
    directory,
    delivered: (count: number) => until(`${count} messages`, () => telegram.delivered().length >= count),
    [Symbol.asyncDispose]: async () => {
      await bridge.close();
      await telegram.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe.concurrent("delivery", () => {
  test("an accepted event arrives at every allowed user with its title in bold", async () => {
    await using s = await stage({ telegram: { allowedUsers: [1, 2] } });
    expect((await post(s.bridge.url, eventOf("a", { title: "Build <3 & *done*" }))).status).toBe(202);
    await s.delivered(2);
    expect(s.telegram.delivered().map(({ chat_id, text }) => [chat_id, text])).toEqual([
      [1, "ℹ️ Build <3 & *done*\n\nSomething happened\n\n— tester"],
      [2, "ℹ️ Build <3 & *done*\n\nSomething happened\n\n— tester"],
    ]);
    expect(s.telegram.delivered()[0]).toMatchObject({
      entities: [
        { type: "bold", offset: 0, length: 20 },
        { type: "italic", offset: 42, length: 8 },
      ],
      link_preview_options: { is_disabled: true },
    });
    await until("the record", () => s.bridge.status().queue.pending === 0);
    expect(await s.bridge.metric("cctelegram_messages_delivered_total")).toBe(2);
    expect(await s.bridge.metric("cctelegram_relay_messages_total", { kind: "event" })).toBe(2);
    expect(s.bridge.status().metrics.telegram_messages_sent).toBe(2);
    expect(s.telegram.violations()).toEqual([]);
  });

  test("the same event again is a duplicate and is not sent twice", async () => {
    await using s = await stage();
    const first = await s.bridge.accept(eventOf("a"));
    const again = await s.bridge.accept(eventOf("a", { title: "changed" }));
    await s.bridge.accept(eventOf("b"));
    expect([first, again]).toEqual([
      { event_id: "a", messages: 1, duplicate: false },
      { event_id: "a", messages: 1, duplicate: true },
    ]);
    await s.delivered(2);
    expect(s.texts(1).map((text) => text?.split("\n")[0])).toEqual(["ℹ️ Event a", "ℹ️ Event b"]);
  });

  test("a burst to many chats keeps every limit and the order within each chat", async () => {
    const allowedUsers = Array.from({ length: 20 }, (_, index) => index + 1);
    await using s = await stage({ telegram: { allowedUsers } });
    await Promise.all(["a", "b", "c"].map((id) => s.bridge.accept(eventOf(id))));
    await s.delivered(60);
    expect(s.telegram.violations()).toEqual([]);
    for (const chat of allowedUsers) {
      expect(s.texts(chat).map((text) => text?.charAt(9))).toEqual(["a", "b", "c"]);
    }
  });

  test("a 429 pauses its chat for the time that Telegram asks, the others go on", async () => {
    await using s = await stage({ telegram: { allowedUsers: [1, 2] } });
    s.telegram.control({ faults: [{ kind: "rate_limit", seconds: 2, times: 1 }] });
    await s.bridge.accept(eventOf("a"));
    await s.delivered(2);
    const [refused] = s.telegram.received();
    const late = s.telegram.delivered().find(({ chat_id }) => chat_id === refused?.chat_id);
    expect(refused?.status).toBe(429);
    expect(late!.steady - refused!.steady).toBeGreaterThanOrEqual(2_000);
    expect(s.telegram.violations()).toEqual([]);
    expect(await s.bridge.metric("cctelegram_telegram_rate_limited_total")).toBe(1);
  });

  test("429s of two chats pause the whole bot", async () => {
    await using s = await stage({ telegram: { allowedUsers: [1, 2, 3] } });
    s.telegram.control({ faults: [{ kind: "rate_limit", seconds: 2, scope: "bot", times: 2 }] });
    await s.bridge.accept(eventOf("a"));
    await until("both 429s", () => s.bridge.log.filter((line) => line.includes("rate_limited")).length >= 2);
    await s.bridge.accept(eventOf("b"));
    await s.delivered(6);
    const refused = s.telegram.received().filter(({ status }) => status === 429);
    const chats = refused.slice(0, 2).map(({ chat_id }) => chat_id);
    // The first message for it may have been on its way before the second 429.
    const other = s.telegram.delivered().filter(({ chat_id }) => !chats.includes(chat_id))[1];
    expect(other!.steady - refused[0]!.steady).toBeGreaterThanOrEqual(2_000);
  });

  test("a storm of 429s delays messages, and neither loses nor repeats one", async () => {
    const allowedUsers = [1, 2, 3, 4, 5, 6, 7, 8];
    await using s = await stage({ telegram: { allowedUsers } });
    s.telegram.control({ faults: [{ kind: "rate_limit", seconds: 1, times: 12 }] });
    await Promise.all(["a", "b"].map((id) => s.bridge.accept(eventOf(id))));
    await until("the end", () => s.bridge.status().queue.pending === 0);
    expect(s.telegram.received()).toHaveLength(12 + 16);
    for (const chat of allowedUsers) expect(s.texts(chat).map((text) => text?.charAt(9))).toEqual(["a", "b"]);
    expect(s.telegram.violations()).toEqual([]);
    expect(await s.bridge.metric("cctelegram_messages_resent_uncertain_total")).toBe(0);
  });

  test("a pause asked by Telegram survives a restart", async () => {
    await using directory = await scratch();
    const telegram = await startTelegram();
    const config = configFor(directory.path, telegram.url);
    const first = await bridgeFor(config);
    telegram.control({ faults: [{ kind: "rate_limit", seconds: 2, times: 1 }] });
    await first.accept(eventOf("a"));
    await until("the 429", () => first.log.some((line) => line.includes("rate_limited")));
    await first.close();
    const second = await bridgeFor(config);
    await until("the message", () => telegram.delivered().length === 1);
    expect(telegram.violations()).toEqual([]);
    await second.close();
    await telegram.close();
  });

  test("server errors and pages of a proxy are retried until the message is through", async () => {
    await using s = await stage();
    s.telegram.control({
      faults: [
        { kind: "status", status: 500, times: 1 },
        { kind: "status", status: 502, body: "<html>Bad Gateway</html>", times: 1 },
      ],
    });
    await s.bridge.accept(eventOf("a"));
    await s.delivered(1);
    expect(s.telegram.received().map(({ status }) => status)).toEqual([500, 502, 200]);
    expect(s.telegram.violations()).toEqual([]);
  });

  test("a connection cut after Telegram took the message makes a duplicate that is counted", async () => {
    await using s = await stage();
    s.telegram.control({ faults: [{ kind: "reset", when: "after", times: 1 }] });
    await s.bridge.accept(eventOf("a"));
    await s.delivered(2);
    expect(await s.bridge.metric("cctelegram_messages_resent_uncertain_total")).toBe(1);
  });

  test("a request without an answer is given up after the time limit and repeated", async () => {
    await using s = await stage({ telegram: { apiTimeoutMs: 300 } });
    s.telegram.control({ faults: [{ kind: "hang", times: 1 }] });
    await s.bridge.accept(eventOf("a"));
    await s.delivered(1);
    expect(s.texts(1)).toHaveLength(1);
  });

  test("entities that Telegram refuses are dropped and the text is sent plain", async () => {
    await using s = await stage();
    const description = "Bad Request: can't parse entities: something new";
    s.telegram.control({ faults: [{ kind: "status", status: 400, description, times: 1 }] });
    await s.bridge.accept(eventOf("a"));
    await s.delivered(1);
    expect(s.telegram.delivered()[0]).not.toHaveProperty("entities");
    expect(s.telegram.violations()).toEqual([]);
  });

  test("a message that Telegram refuses for good is kept as failed and does not block the next chat", async () => {
    await using s = await stage({ telegram: { allowedUsers: [1, 2, 3] } }, { chats: [2, 3] });
    s.telegram.control({ blocked: [3] });
    await s.bridge.accept(eventOf("a"));
    await until("the end", () => s.bridge.status().queue.pending === 0);
    expect(s.bridge.status().queue).toMatchObject({ failed: 2, usable: true });
    expect(await s.bridge.metric("cctelegram_messages_failed_total")).toBe(2);
    expect(s.bridge.log.join("")).toContain("bot was blocked by the user");
    expect(s.texts(2)).toHaveLength(1);
    const status = s.bridge.status();
    expect(status.health).toBe("degraded");
    expect(status.refusals.map(({ chat_id, reason }) => [chat_id, reason]).toSorted()).toEqual([
      [1, "chat 1 has not pressed Start, or the id is wrong"],
      [3, "chat 3 has blocked the bot"],
    ]);
    // Whoever has no key learns how many, not who.
    const health = await (await fetch(`${s.bridge.url}/health`)).text();
    expect(JSON.parse(health)).toMatchObject({ status: "degraded", refusals: 2 });
    expect(health).not.toMatch(/chat_id|chat \d/);
    expect((await fetch(`${s.bridge.url}/health/ready`)).status).toBe(200);
    expect(await s.bridge.metric("cctelegram_recipients_refused")).toBe(2);
  });

  test("a recipient that takes messages again is not told as refused any more, not even after a restart", async () => {
    await using directory = await scratch();
    const telegram = await startTelegram();
    telegram.control({ blocked: [1] });
    const config = configFor(directory.path, telegram.url);
    const first = await bridgeFor(config);
    expect(await first.accept(eventOf("a"))).not.toHaveProperty("warnings");
    await until("the refusal", () => first.status().refusals.length === 1);
    expect((await first.accept(eventOf("b"))).warnings).toEqual([
      expect.stringContaining("chat 1 has blocked the bot"),
    ]);
    await until("the second", () => first.status().refusals[0]?.messages === 2);
    await first.close();
    const second = await bridgeFor(config);
    expect(second.status().refusals).toMatchObject([{ chat_id: 1, messages: 2 }]);
    telegram.control({ reset: true });
    await second.accept(eventOf("c"));
    await until("the message", () => second.status().refusals.length === 0);
    await until("health", () => second.status().health === "healthy");
    await second.close();
    await telegram.close();
  });

  test("a long wait is told with its reason and its end", async () => {
    await using s = await stage();
    s.telegram.control({ faults: [{ kind: "rate_limit", seconds: 60, times: 1 }] });
    await s.bridge.accept(eventOf("a"));
    await until("the wait", () => s.bridge.status().waiting?.reason.startsWith("Telegram asked") === true);
    const { reason, until: end } = s.bridge.status().waiting ?? { reason: "", until: "" };
    expect(reason).toBe("Telegram asked the bot to wait with messages to one chat");
    expect(Date.parse(end) - Date.now()).toBeGreaterThan(50_000);
  });

  test("a group that became a supergroup is followed, also for later events", async () => {
    await using s = await stage({ telegram: { allowedUsers: [-5] } });
    s.telegram.control({ migrated: [[-5, -1005]] });
    await s.bridge.accept(eventOf("a"));
    await s.delivered(1);
    await s.bridge.accept(eventOf("b"));
    await s.delivered(2);
    expect(s.telegram.received().map(({ chat_id }) => chat_id)).toEqual([-5, -1005, -1005]);
  });

  test("during an outage events are accepted, and delivered in order when it ends", async () => {
    await using s = await stage();
    await until("readiness", () => s.bridge.obstacles().length === 0);
    s.telegram.control({ outage: true });
    for (const id of ["a", "b", "c"]) expect((await post(s.bridge.url, eventOf(id))).status).toBe(202);
    await until("the outage noticed", () => s.bridge.obstacles().length === 1);
    expect((await fetch(`${s.bridge.url}/health/ready`)).status).toBe(503);
    expect((await fetch(`${s.bridge.url}/health/live`)).status).toBe(200);
    expect(s.bridge.status()).toMatchObject({
      health: "degraded",
      telegram: { reachable: false },
      queue: { pending: 3 },
    });
    s.telegram.control({ outage: false });
    await s.delivered(3);
    expect(s.texts(1).map((text) => text?.charAt(9))).toEqual(["a", "b", "c"]);
    expect(s.telegram.violations()).toEqual([]);
  });

  test("with a refused token everything is kept until the token file has a good one", async () => {
    await using directory = await scratch();
    const tokenFile = join(directory.path, "token");
    await writeFile(tokenFile, `${OTHER_TOKEN}\n`);
    await using s = await stage({ telegram: { tokenFile } });
    await s.bridge.accept(eventOf("a"));
    await until("the refusal", () => s.bridge.obstacles().join().includes("Unauthorized"));
    expect(s.telegram.received()).toEqual([]);
    await writeFile(tokenFile, `${TOKEN}\n`);
    await s.delivered(1);
    await until("the record", () => s.bridge.status().queue.pending === 0);
    expect(s.bridge.obstacles()).toEqual([]);
  });

  test("the token is in no log line, status or error", async () => {
    const nobody = await startTelegram();
    await nobody.close();
    await using s = await stage({ telegram: { apiUrl: nobody.url } });
    await s.bridge.accept(eventOf("a"));
    await until("the failure", () => s.bridge.obstacles().join().includes("ECONNREFUSED"));
    const said = [...s.bridge.log, JSON.stringify(s.bridge.status()), ...s.bridge.obstacles()].join();
    expect(said).not.toContain(TOKEN.slice(10));
  });

  test("a text longer than a message arrives whole, in parts and in order", async () => {
    await using s = await stage();
    const description = "words ".repeat(1_000).trim();
    await s.bridge.accept(eventOf("a", { description }));
    await s.delivered(2);
    const parts = s.texts(1).map((text) => text?.split("\n\n"));
    expect(parts.map((part) => [part?.at(0), part?.at(-1)])).toEqual([
      ["ℹ️ Event a (1/2)", "— tester"],
      ["ℹ️ Event a (2/2)", "— tester"],
    ]);
    expect(parts.map((part) => part?.at(1)).join(" ")).toBe(description);
    expect(s.telegram.violations()).toEqual([]);
  });
});
