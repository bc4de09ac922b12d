/**
 * The clients, in a process of their own: `load.ts URL` reads what to do as JSON lines from stdin and answers each with a
 * line.
 */
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { type CallerOptions, openCaller } from "./callers.ts";

export type Order = CallerOptions & {
  /** What an answer holds that counts. */
  readonly expected: string;
  readonly seconds: number;
  /** Requests a second, at times that do not wait for answers; undefined: as many as are answered. */
  readonly rate?: number;
};

export type Outcome = {
  readonly requests: number;
  readonly failures: number;
  readonly seconds: number;
  /** Milliseconds from the time at which a request was due. */
  readonly p50: number;
  readonly p99: number;
};

async function run({ expected, seconds, rate, ...options }: Order): Promise<Outcome> {
  const { connections } = options;
  const caller = await openCaller(options);
  const latencies: number[] = [];
  let failures = 0;
  const ask = async (due: number) => {
    try {
      if (!(await caller.call()).includes(expected)) failures += 1;
    } catch {
      failures += 1;
    }
    latencies.push(performance.now() - due);
  };
  const started = performance.now();
  const end = started + seconds * 1000;
  if (rate === undefined) await Promise.all(Array.from({ length: connections }, () => repeat(ask, end)));
  else await paced(ask, { started, end, rate });
  const took = (performance.now() - started) / 1000;
  await caller.close();
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { requests: latencies.length, failures, seconds: took, p50: at(0.5), p99: at(0.99) };
}

async function repeat(ask: (due: number) => Promise<void>, end: number): Promise<void> {
  while (performance.now() < end) await ask(performance.now());
}

type Pace = { readonly started: number; readonly end: number; readonly rate: number };

async function paced(ask: (due: number) => Promise<void>, { started, end, rate }: Pace): Promise<void> {
  const underWay: Promise<void>[] = [];
  for (let sent = 0; ; ) {
    const now = performance.now();
    if (now >= end) break;
    const due = Math.floor(((now - started) / 1000) * rate);
    for (; sent < due; sent++) underWay.push(ask(started + (sent * 1000) / rate));
    await delay(1);
  }
  await Promise.all(underWay);
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(JSON.parse(line) as Order)));
}
