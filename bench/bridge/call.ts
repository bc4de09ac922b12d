/** From the call of a tool to the request at Telegram when nothing else goes on, beside bare hops over HTTP of as many processes. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Report } from "../report.ts";
import { Program } from "../server/program.ts";
import type { Stage } from "../server/stage.ts";
import { quantile } from "./figures.ts";
import { anna, bareToken, key, post, startAlone, startApart, token, unlimitedStage } from "./stage.ts";

export async function calls(report: Report, count: number): Promise<void> {
  for (const { name, start, hops, goal } of [
    { name: "in one process", start: startAlone, hops: 1, goal: 25 },
    { name: "server and bridge apart", start: startApart, hops: 2, goal: 50 },
  ]) {
    await using stage = await unlimitedStage();
    const [ours, bare] = await inTurns(stage, count, await start(stage), await startHops(stage, hops));
    const measure = `tool call to request at Telegram, ${name}`;
    report.measure(`${measure}, p50`, quantile(ours, 0.5), "ms", { bare: quantile(bare, 0.5) });
    report.measure(`${measure}, p99`, quantile(ours, 0.99), "ms", {
      target: `${goal} ms`,
      bare: quantile(bare, 0.99),
    });
  }
}

type Times = readonly [ours: readonly number[], bare: readonly number[]];

/** A call of each in turn, so that the machine is the same for both. */
async function inTurns(stage: Stage, count: number, server: string, hop: string): Promise<Times> {
  const [ours, bare]: [number[], number[]] = [[], []];
  const tool = `${server}/tools/send_telegram_message`;
  // The first calls compile code and open connections.
  for (let number = -20; number < count; number += 1) {
    const text = `Call ${number}.`;
    const called = await timeOf(stage, token, text, () => post(tool, { message: text }, { "x-api-key": key }));
    const hopped = await timeOf(stage, bareToken, text, () => post(hop, { chat_id: anna.id, text }));
    if (number < 0) continue;
    ours.push(called);
    bare.push(hopped);
  }
  return [ours, bare];
}

/** Milliseconds until the stand-in, in this process, had the message. */
async function timeOf({ telegram }: Stage, of: string, text: string, call: () => Promise<Response>): Promise<number> {
  // Nothing of the call before goes on, and calls do not come in step with any timer.
  await sleep(20 + Math.random() * 20);
  const bot = Number(of.split(":", 1)[0]);
  const begun = performance.now();
  const answer = await call();
  if (!answer.ok) throw new Error(`the call was refused: ${await answer.text()}`);
  for (;;) {
    const sent = telegram.received().findLast((each) => each.bot === bot);
    if (sent?.text?.includes(text) === true) return sent.steady - begun;
    await sleep(1);
  }
}

/** Each passes on to the next, and the last one to Telegram. */
async function startHops(stage: Stage, count: number): Promise<string> {
  let target = `${stage.telegram.url}/bot${bareToken}/sendMessage`;
  for (let hop = 0; hop < count; hop += 1) {
    const program = Program.start(process.execPath, ["bench/bridge/bare-hop.ts", target]);
    stage.started.add(program);
    target = (await program.line<{ url: string }>()).url;
    program.ignoreOutput();
  }
  return target;
}
