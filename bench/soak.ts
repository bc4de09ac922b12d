/**
 * `npm run soak [-- --minutes 10]`: the server under load for a while, and whether its memory grows. Prints the heap and the
 * memory of the process as they are over time, and the slope of the heap after the first third.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startTelegram } from "../test/telegram/telegram.ts";
import { beginSession, handshakeCall, initializeCall, startProduct, statelessCall } from "./server/contenders.ts";
import type { Order, Outcome } from "./server/load.ts";
import { Program } from "./server/program.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, rate: { type: "string", default: "500" } },
});
const minutes = Number(values.minutes);
const sampleMs = 10_000;

type Sample = { readonly minute: number; readonly heap: number; readonly rss: number };

const folder = mkdtempSync(join(tmpdir(), "cctelegram-soak-"));
const telegram = await startTelegram();
const product = await startProduct({ main: "dist/server/main.js", nodeArgs: [], telegramUrl: telegram.url, folder });
const loads = [0, 1, 2].map(() => Program.start(process.execPath, ["bench/server/load.ts"]));
try {
  const session = await beginSession(product.url);
  const requests = [handshakeCall(session), statelessCall(), initializeCall()];
  for (const [index, load] of loads.entries()) {
    const order: Order = {
      url: product.url,
      ...(requests[index] as (typeof requests)[number]),
      connections: 16,
      seconds: minutes * 60,
      rate: Number(values.rate),
    };
    load.write(order);
  }
  const samples = await sampled();
  const outcomes = await Promise.all(loads.map((load) => load.line<Outcome>()));
  const failures = outcomes.reduce((sum, outcome) => sum + outcome.failures, 0);
  const requestsMade = outcomes.reduce((sum, outcome) => sum + outcome.requests, 0);
  const slope = slopeOf(samples.slice(Math.floor(samples.length / 3)));
  console.log(JSON.stringify({ bench: "soak", measure: "requests", value: requestsMade, unit: "", failures }));
  console.log(
    JSON.stringify({ bench: "soak", measure: "heap slope", value: Number(slope.toFixed(3)), unit: "MiB/min" }),
  );
  if (failures > 0) process.exitCode = 1;
} finally {
  await Promise.all([product.program, ...loads].map((program) => program.stop()));
  await telegram.close();
  rmSync(folder, { recursive: true, force: true });
}

async function sampled(): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const started = performance.now();
  while (performance.now() - started < minutes * 60_000) {
    await delay(sampleMs);
    const sample = {
      minute: (performance.now() - started) / 60_000,
      heap: await heapUsed(),
      rss: product.program.rss(),
    };
    samples.push(sample);
    console.log(
      `${sample.minute.toFixed(1)} min  heap ${sample.heap.toFixed(1)} MiB  RSS ${sample.rss.toFixed(0)} MiB`,
    );
  }
  return samples;
}

/** The lowest of several looks: what garbage collection leaves, more or less. */
async function heapUsed(): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 10; look++) {
    const text = await (await fetch(product.metricsUrl)).text();
    const bytes = Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(text)?.[1]);
    lowest = Math.min(lowest, bytes / 2 ** 20);
    await delay(200);
  }
  return lowest;
}

/** Least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (pick: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length;
  const minute = mean((sample) => sample.minute);
  const heap = mean((sample) => sample.heap);
  const covariance = mean((sample) => (sample.minute - minute) * (sample.heap - heap));
  return covariance / mean((sample) => (sample.minute - minute) ** 2);
}
