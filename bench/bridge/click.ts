/** From a click on Telegram to the answered call of a client, beside a bare loop over getUpdates that answers the click by itself. */
import { setTimeout as sleep } from "node:timers/promises";
import type { TelegramServer } from "../../test/telegram/telegram.ts";
import type { Report } from "../report.ts";
import { quantile } from "./figures.ts";
import { anna, bareToken, key, post, startApart, token, unlimitedStage } from "./stage.ts";

/** How many clicks, and how many calls wait at the same time. */
type Load = { readonly clicks: number; readonly waiting: number };

type Asking = Load & { readonly telegram: TelegramServer; readonly of: string };

export async function clicks(report: Report, load: Load): Promise<void> {
  await using stage = await unlimitedStage();
  const { telegram } = stage;
  const server = await startApart(stage);
  const ours = await measured({ ...load, telegram, of: token }, (id) => asked(server, id));
  const bare = await bareLoop({ ...load, telegram, of: bareToken });
  const measure = `click to answered call, ${load.waiting} wait`;
  report.measure(`${measure}, p50`, quantile(ours, 0.5), "ms", { bare: quantile(bare, 0.5) });
  report.measure(`${measure}, p99`, quantile(ours, 0.99), "ms", { target: "150 ms", bare: quantile(bare, 0.99) });
}

/** A call that waits for the decision. */
async function asked(url: string, id: string): Promise<void> {
  const question = { title: id, description: "Go on?", task_id: id, wait_seconds: 60 };
  const answer = await post(`${url}/tools/send_approval_request`, question, { "x-api-key": key });
  const { approval, message } = (await answer.json()) as { approval?: { state: string }; message: string };
  if (approval?.state !== "decided") throw new Error(`the call has no decision: ${message}`);
}

/** Milliseconds from each click to the end of its call. */
async function measured(asking: Asking, ask: (id: string) => Promise<void>): Promise<readonly number[]> {
  const { telegram, of } = asking;
  const bot = Number(of.split(":", 1)[0]);
  const times: number[] = [];
  let next = 0;
  const client = async () => {
    for (let number = next++; number < asking.clicks; number = next++) {
      const id = `question-${bot}-${number}.`;
      const answered = ask(id);
      const press = await questionOf(telegram, bot, id);
      // People do not press in step.
      await sleep(Math.random() * 50);
      const pressed = performance.now();
      telegram.control({ bot, presses: [press] });
      await answered;
      times.push(performance.now() - pressed);
    }
  };
  await Promise.all(Array.from({ length: asking.waiting }, client));
  return times;
}

async function questionOf(server: TelegramServer, bot: number, id: string) {
  for (;;) {
    const sent = server.delivered().findLast((each) => each.bot === bot && each.text?.includes(id) === true);
    const rows = (sent?.reply_markup as { inline_keyboard?: { callback_data: string }[][] })?.inline_keyboard;
    const data = rows?.[0]?.[0]?.callback_data;
    if (sent?.chat_id !== undefined && sent.message_id !== undefined && data !== undefined) {
      return { from: anna, chat_id: sent.chat_id, message_id: sent.message_id, data };
    }
    await sleep(2);
  }
}

/** The reference: it sends the question, asks for updates without an end, and keeps nothing. */
async function bareLoop(asking: Asking): Promise<readonly number[]> {
  const waits = new Map<string, () => void>();
  let goesOn = true;
  const call = async (method: string, body: object) => {
    const answer = await post(`${asking.telegram.url}/bot${asking.of}/${method}`, body);
    return ((await answer.json()) as { result: { update_id: number; callback_query?: { id: string; data: string } }[] })
      .result;
  };
  const loop = async () => {
    for (let offset = 0; goesOn; ) {
      for (const { update_id, callback_query } of await call("getUpdates", { offset, timeout: 1 })) {
        offset = update_id + 1;
        if (callback_query === undefined) continue;
        void call("answerCallbackQuery", { callback_query_id: callback_query.id });
        waits.get(callback_query.data)?.();
      }
    }
  };
  const running = loop();
  const times = await measured(asking, async (id) => {
    const answered = new Promise<void>((resolve) => waits.set(id, resolve));
    const reply_markup = { inline_keyboard: [[{ text: "Approve", callback_data: id }]] };
    await call("sendMessage", { chat_id: anna.id, text: id, reply_markup });
    await answered;
  });
  goesOn = false;
  await running;
  return times;
}
