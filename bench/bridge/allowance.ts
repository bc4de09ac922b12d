/**
 * How much of what Telegram allows is used, and that nothing beyond it is: the pacer against the flood control of the strict
 * stand-in, on a clock that jumps to whatever happens next. Both are pure, so that the clock makes no difference but time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Pacer, type PacerLimits } from "../../server/bridge/pacing/pacer.ts";
import { FloodControl, STRICT_LIMITS } from "../../test/telegram/flood-control.ts";
import type { Report } from "../report.ts";
import { stageWith } from "../server/stage.ts";
import { key, post, startAlone } from "./stage.ts";

const limits = { messagesPerSecond: STRICT_LIMITS.global, messagesPerChatPerSecond: STRICT_LIMITS.perChat };

/** Private chats and groups; four of five messages are for private ones. */
const chats = { private: 200, groups: 40 } as const;

/** Milliseconds of a request, and when within it Telegram counts. */
type Way = { readonly ms: number; readonly counts: "at once" | "at the end" | "anywhere" };

type Outcome = { readonly share: number; readonly refused: number };

export function allowance(report: Report, messages: number): void {
  const ways: readonly Way[] = [1, 5, 50, 200].flatMap((ms) =>
    (["at once", "at the end", "anywhere"] as const).map((counts) => ({ ms, counts })),
  );
  const outcomes = ways.map((way) => ({ way, ...simulated(messages, way, limits) }));
  const count = messages.toLocaleString("en");
  for (const ms of new Set(ways.map((way) => way.ms))) {
    const shares = outcomes.filter(({ way }) => way.ms === ms).map(({ share }) => share * 100);
    // While nobody can tell when Telegram counts, a place is taken for a second and the length of the request.
    const possible = 100_000 / (1_000 + ms);
    const target = ms === 1 ? { target: "99 %" } : {};
    const name = `allowance used, ${count} messages, requests of ${ms} ms`;
    report.measure(name, Math.min(...shares), "%", { ...target, bare: possible });
  }
  const refused = outcomes.reduce((sum, outcome) => sum + outcome.refused, 0);
  report.measure(`answers 429, ${outcomes.length} times ${count} messages`, refused, "", { target: "0" });
  const spare = simulated(messages, { ms: 1, counts: "anywhere" }, { ...limits, spareForUrgent: 1 });
  report.measure("allowance used, a place kept for answers to people", spare.share * 100, "%", { bare: 2900 / 30 });
}

/** The same by a bridge in earnest, with its commits and its timers; nobody is heard, so that no place is kept for answers. */
export async function bridgeAllowance(report: Report, messages: number): Promise<void> {
  await using stage = await stageWith();
  const people = Array.from({ length: 60 }, (_, index) => index + 1);
  const server = await startAlone(stage, {
    ...{ TELEGRAM_ALLOWED_USERS: people.join(","), TELEGRAM_UPDATES: "None" },
    ...{ TELEGRAM_RATE_LIMIT_GLOBAL: "30", TELEGRAM_RATE_LIMIT_PER_CHAT: "1" },
  });
  const count = Math.floor(messages / people.length) * people.length;
  for (let sent = 0; sent < count; sent += people.length) {
    await post(`${server}/tools/send_telegram_message`, { message: `Message ${sent}` }, { "x-api-key": key });
  }
  while (stage.telegram.delivered().length < count) await sleep(100);
  const share = shareOf(stage.telegram.delivered().map(({ steady }) => steady));
  const name = `allowance used by a bridge, ${count.toLocaleString("en")} messages`;
  report.measure(name, share * 100, "%", { target: "99 %" });
  report.measure("answers 429 to it", stage.telegram.violations().length, "", { target: "0" });
}

type Sent = { readonly chatId: number; readonly countedAt: number };
type Running = Sent & { readonly endsAt: number };

function simulated(messages: number, way: Way, of: PacerLimits): Outcome {
  const sent = allSent(messages, way, of);
  const times = sent.map(({ countedAt }) => countedAt);
  return { share: shareOf(times), refused: refusedOf(sent) };
}

/** Of the messages that a bot may send in the time that they took; the places of the first second are free at once. */
function shareOf(times: readonly number[]): number {
  const tookMs = Math.max(...times) - Math.min(...times);
  return times.length / (STRICT_LIMITS.global * (1 + tookMs / 1_000));
}

function refusedOf(sent: readonly Sent[]): number {
  const flood = new FloodControl(STRICT_LIMITS);
  const isRefused = ({ chatId, countedAt }: Sent) => {
    try {
      flood.check(chatId, countedAt);
      flood.record(chatId, countedAt);
      return false;
    } catch {
      return true;
    }
  };
  return sent.toSorted((a, b) => a.countedAt - b.countedAt).filter(isRefused).length;
}

function allSent(messages: number, way: Way, of: PacerLimits): readonly Sent[] {
  const pacer = new Pacer(of);
  const random = randomOf(1);
  for (let id = 1; id <= messages; id += 1) {
    pacer.add({ id, chatId: chatOf(id), client: `client-${id % 3}`, notBefore: 0, lane: 1 + (id % 3) });
  }
  const sent: Sent[] = [];
  let running: readonly Running[] = [];
  for (let now = 0; now < Number.POSITIVE_INFINITY; ) {
    const turn = pacer.next(now);
    if ("id" in turn) {
      pacer.started(turn.chatId, now);
      const within = { "at once": 0, "at the end": 1, anywhere: random() }[way.counts];
      running = [...running, { chatId: turn.chatId, countedAt: now + within * way.ms, endsAt: now + way.ms }];
      continue;
    }
    now = Math.min(turn.waitUntil, ...running.map(({ endsAt }) => endsAt));
    for (const each of running.filter(({ endsAt }) => endsAt <= now)) {
      sent.push(each);
      pacer.ended(each.chatId, now);
      pacer.settled(each.chatId, now);
    }
    running = running.filter(({ endsAt }) => endsAt > now);
  }
  return sent;
}

function chatOf(id: number): number {
  return id % 5 === 0 ? -1 - ((id / 5) % chats.groups) : 1 + (id % chats.private);
}

/** The same numbers in each run, in [0, 1): a linear congruential generator. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
