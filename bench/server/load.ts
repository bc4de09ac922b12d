/**
 * The clients, in a process of their own: `load.ts URL` reads what to do as JSON lines from stdin and answers each with a
 * line.
 */
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";

export type Order = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
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

async function run({ url, headers, body, connections, seconds, rate }: Order): Promise<Outcome> {
  const { origin, pathname: path } = new URL(url);
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const latencies: number[] = [];
  let failures = 0;
  const ask = async (due: number) => {
    try {
      const response = await pool.request({ method: "POST", path, headers, body });
      const text = await response.body.text();
      if (response.statusCode !== 200 || !text.includes('"result"')) failures += 1;
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
  await pool.close();
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
