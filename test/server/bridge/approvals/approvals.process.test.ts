import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import { configFor, scratch, signedFetch, TOKEN, until, wrongs } from "../support.ts";
import { ANNA, answers, BOB, edits, questions, requestFor } from "./support.ts";

const LANES = 3;
const KILLS_OF_LANE = 40;

/**
 * People press while the bridge lives, dies and is away. Whatever the stand-in handed out is in the history exactly once:
 * for each press one record, for each question one decision, one vote and one message without buttons in each chat.
 */
test(`over ${LANES * KILLS_OF_LANE} kills every press has its effect once, and every question one decision`, {
  timeout: 300_000,
}, async () => {
  const lanes = await Promise.all(Array.from({ length: LANES }, () => runLane()));
  const sum = (of: (lane: Lane) => number) => lanes.reduce((total, lane) => total + of(lane), 0);
  console.log(
    `${sum(({ asked }) => asked)} questions and ${sum(({ presses }) => presses)} presses over ${LANES * KILLS_OF_LANE} kills; ` +
      `${sum(({ again }) => again)} updates handed out again`,
  );
  expect(sum(({ again }) => again)).toBeGreaterThan(0);
});

type Lane = { readonly asked: number; readonly presses: number; readonly again: number };

async function runLane(): Promise<Lane> {
  await using directory = await scratch();
  const telegram = await startTelegram({
    tokens: [TOKEN],
    limits: { global: 1_000, perChat: 1_000, perGroupMinute: 1_000 },
  });
  telegram.control({ faults: [{ kind: "delay", method: "getUpdates", ms: 3, times: 1_000_000 }] });
  const config = configFor(directory.path, telegram.url, {
    telegram: {
      ...{ updates: { mode: "Polling", pollSeconds: 25 }, allowedUsers: [1, 2] },
      ...{ messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 },
    },
  });
  let bridge = await startBridgeProcess(config);
  let goesOn = true;
  let asked = 0;
  let presses = 0;
  const talk = async () => {
    for (; goesOn; await sleep(Math.random() * 100)) {
      asked += 1;
      await ask(`q${asked}`, () => bridge.url);
      presses += await pressBoth(telegram, asked);
    }
  };
  const talking = talk();
  for (let round = 0; round < KILLS_OF_LANE; round += 1) {
    const { size: before } = telegram.handedOut(TOKEN);
    await until("updates", () => telegram.handedOut(TOKEN).size > before, 60_000);
    await sleep(Math.random() * 80);
    await stopProcess(bridge.child, "SIGKILL");
    bridge = await startBridgeProcess(config);
  }
  goesOn = false;
  await talking;
  await until("all updates", () => telegram.handedOut(TOKEN).size === presses, 60_000);
  await until("every message without buttons", () => withoutButtons(telegram) === 2 * asked, 60_000);
  await stopProcess(bridge.child, "SIGTERM");
  check(join(directory.path, "queue.sqlite"), { asked, presses });
  await telegram.close();
  expect(wrongs(telegram.violations())).toEqual([]);
  // A click is answered at most once, and only when it is on disk: one whose answer died with the bridge stays without.
  expect(answers(telegram).length).toBeLessThanOrEqual(presses);
  return { asked, presses, again: [...telegram.handedOut(TOKEN).values()].filter((times) => times > 1).length };
}

/** As a server does: the same again until it is taken. */
async function ask(id: string, url: () => string): Promise<void> {
  const body = JSON.stringify(requestFor(id));
  for (;;) {
    const answer = await signedFetch(`${url()}/approvals`, "POST", body).catch(() => undefined);
    if (answer?.status === 202) return;
    await sleep(20);
  }
}

/** Both press before the bridge can have heard of either; resolves with the number of presses. */
async function pressBoth(telegram: TelegramServer, number: number): Promise<number> {
  // A message whose end the killed bridge did not learn of comes again: the newest in each chat has the right buttons.
  const newest = (chat: number) => questions(telegram).findLast(({ chat_id }) => chat_id === chat);
  const count = (chat: number) =>
    new Set(
      questions(telegram)
        .filter(({ chat_id }) => chat_id === chat)
        .map(({ data }) => data[0]),
    ).size;
  await until(`question ${number}`, () => count(1) >= number && count(2) >= number, 60_000);
  const option = number % 2;
  const presses = [ANNA, BOB].flatMap((from) => {
    const { chat_id, message_id, data } = newest(from.id) ?? {};
    return chat_id === undefined || message_id === undefined
      ? []
      : [{ from, chat_id, message_id, data: data?.[option] ?? "" }];
  });
  telegram.control({ presses });
  return presses.length;
}

/** Questions, by their buttons and chat, whose messages have lost them. */
function withoutButtons(telegram: TelegramServer): number {
  const last = new Map(edits(telegram).map(({ chat_id, message_id, ...edit }) => [`${chat_id} ${message_id}`, edit]));
  const ended = questions(telegram).filter(({ chat_id, message_id }) => {
    const edit = last.get(`${chat_id} ${message_id}`);
    return edit !== undefined && !("reply_markup" in edit);
  });
  return new Set(ended.map(({ chat_id, data }) => `${chat_id} ${data[0]}`)).size;
}

function check(path: string, { asked, presses }: { readonly asked: number; readonly presses: number }): void {
  const db = new DatabaseSync(path, { readOnly: true });
  const count = (sql: string) => Number(db.prepare(sql).get()?.count);
  expect({
    decided: count("SELECT count(*) AS count FROM approvals WHERE state = 'decided'"),
    votes: count("SELECT count(*) AS count FROM votes"),
    decisions: count("SELECT count(*) AS count FROM approval_records WHERE what = 'decided'"),
    pressed: count("SELECT count(*) AS count FROM approval_records WHERE user_id IS NOT NULL"),
    late: count("SELECT count(*) AS count FROM approval_records WHERE what = 'refused_late'"),
    responses: count("SELECT count(*) AS count FROM responses"),
    keyboards: count("SELECT count(*) AS count FROM keyboards"),
  }).toEqual({
    ...{ decided: asked, votes: asked, decisions: asked, pressed: presses, late: presses - asked },
    ...{ responses: asked, keyboards: 0 },
  });
  db.close();
}
