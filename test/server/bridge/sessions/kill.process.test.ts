import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { ChannelEvent } from "../../../../contract/sessions.ts";
import { freePort } from "../../../../e2e/cluster/free-ports.ts";
import { startTelegram } from "../../../telegram/telegram.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import { configFor, scratch, TOKEN, until, wrongs } from "../support.ts";
import { TestSession } from "./support.ts";

const KILLS = 20;
const ANNA = { id: 1 };
const BEN = { id: 2 };

type Seen = { readonly text: string; readonly id: string; readonly isAgain: boolean };

function seenIn(event: ChannelEvent): Seen {
  if (event.kind !== "message") throw new Error("Nobody was asked for a verdict.");
  return { text: event.content, id: event.meta.event_id ?? "", isAgain: event.meta.again === "true" };
}

/** A session whose process ends now and then between hearing and saying so, and that begins anew. */
class Reader {
  readonly seen: Seen[] = [];
  readonly #session: TestSession;
  #goesOn = true;
  #running: Promise<void> | undefined;

  constructor(session: TestSession) {
    this.#session = session;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#goesOn = false;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#goesOn) {
      try {
        await this.#session.begin();
        while (this.#goesOn && (await this.#hear()));
      } catch {
        // The bridge is away.
        await sleep(5);
      }
    }
  }

  /** False: this process ends before it has said what it heard. */
  async #hear(): Promise<boolean> {
    const events = await this.#session.next();
    this.seen.push(...events.map(seenIn));
    if (events.length === 0) await sleep(5);
    if (Math.random() < 0.2) return false;
    const ids = events.map(({ id }) => id);
    const { generation } = this.#session;
    if (ids.length > 0) await this.#session.call("/sessions/settle", { generation, ending: "read", ids });
    return true;
  }
}

test("each session hears its own, all of it and in order, however often bridge and session are killed; what comes twice says so", {
  timeout: 180_000,
}, async () => {
  await using directory = await scratch();
  const telegram = await startTelegram({ tokens: [TOKEN], limits: false });
  const fast = { messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 };
  const people = { allowedUsers: [ANNA.id, BEN.id], updates: { mode: "Polling" as const, pollSeconds: 25 }, ...fast };
  const config = configFor(directory.path, telegram.url, { port: await freePort(), telegram: people });
  let { child, url } = await startBridgeProcess(config);
  onTestFinished(() => void child.kill("SIGKILL"));
  const session = (client: string) => new TestSession(() => ({ url }), { client, name: "api", holder: `of-${client}` });
  const readers = [new Reader(session("one")), new Reader(session("two"))] as const;
  await Promise.all([session("one").begin(), session("two").begin()]);
  for (const [from, name] of [
    [ANNA, "one/api"],
    [BEN, "two/api"],
  ] as const) {
    telegram.control({ says: [{ from, text: `/bind ${name}` }] });
    await until("the binding", () =>
      telegram.delivered().some(({ chat_id, text }) => chat_id === from.id && text?.startsWith("api hears") === true),
    );
  }
  for (const reader of readers) reader.start();

  const texts = (index: 0 | 1) => new Set(readers[index].seen.map(({ text }) => text));
  const said: Record<"one" | "two", string[]> = { one: [], two: [] };
  let goesOn = true;
  const talking = (async () => {
    for (; goesOn; await sleep(Math.random() * 20)) {
      // No more than is kept for a session that is away.
      if (said.one.length + said.two.length > texts(0).size + texts(1).size + 300) continue;
      const [from, whose] = Math.random() < 0.5 ? [ANNA, "one" as const] : [BEN, "two" as const];
      const text = `${whose} ${said[whose].length}`;
      said[whose].push(text);
      telegram.control({ says: [{ from, text }] });
    }
  })();
  for (let round = 0; round < KILLS; round += 1) {
    await sleep(20 + Math.random() * 100);
    await stopProcess(child, "SIGKILL");
    const before = texts(0).size + texts(1).size;
    ({ child, url } = await startBridgeProcess(config));
    if (round % 2 === 0) await until("something", () => texts(0).size + texts(1).size > before);
  }
  goesOn = false;
  await talking;
  await until("everything", () => texts(0).size === said.one.length && texts(1).size === said.two.length, 60_000);
  await Promise.all(readers.map((reader) => reader.stop()));
  await stopProcess(child, "SIGTERM");
  await telegram.close();

  let again = 0;
  for (const [index, whose] of [
    [0, "one"],
    [1, "two"],
  ] as const) {
    const { seen } = readers[index];
    expect([...texts(index)]).toEqual(said[whose]);
    const firsts = new Map<string, string>();
    for (const { text, id, isAgain } of seen) {
      // Under the same id, so that whoever keeps count knows it.
      expect(firsts.get(id) ?? text).toBe(text);
      if (firsts.has(id)) {
        expect(isAgain).toBe(true);
        again += 1;
      }
      firsts.set(id, text);
    }
    expect(firsts.size).toBe(said[whose].length);
  }
  console.log(`${said.one.length} and ${said.two.length} messages over ${KILLS} kills; ${again} handed over again`);
  expect(wrongs(telegram.violations())).toEqual([]);
});
