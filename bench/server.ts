/**
 * `npm run bench:server [-- --rounds 5 --seconds 3]`: what a call of a tool costs, beside a bare node:http that answers with the
 * same JSON, in turns on the same machine. Linux only: processor time is read from /proc.
 */
import { parseArgs } from "node:util";
import {
  beginSession,
  type Contender,
  handshakeCall,
  initializeCall,
  listenersOf,
  type Running,
  resultOf,
  startGoReference,
  startProduct,
  startReference,
  statelessCall,
} from "./server/contenders.ts";
import type { Order, Outcome } from "./server/load.ts";
import { Program } from "./server/program.ts";
import { stageWith } from "./server/stage.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    connections: { type: "string", default: "32" },
    /** Requests a second, the same for all; 0: as many as each answers. */
    rate: { type: "string", default: "0" },
    /** Only the contenders whose names hold this, beside the reference. */
    only: { type: "string", default: "" },
    /** Leaves out idle streams and what begins sessions. */
    "calls-only": { type: "boolean", default: false },
    /** The server's main file. */
    main: { type: "string", default: "dist/server/main.js" },
    /** Further arguments of the server's Node, after those of the image: `--node-args="--cpu-prof --cpu-prof-dir=/tmp"`. */
    "node-args": { type: "string", default: "" },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const rate = Number(values.rate);
const reference = "bare node:http";
const webSocketReference = "ws echo";
const idleConnections = 10_000;

await using stage = await stageWith();
const { telegram, folder, started } = stage;
await bench();

async function bench(): Promise<void> {
  const nodeArgs = values["node-args"].split(" ").filter((arg) => arg !== "");
  const product = kept(await startProduct({ main: values.main, nodeArgs, telegramUrl: telegram.url, folder }));
  tell("CCTelegram, ready after its start", product.readyMs, "ms");
  const session = handshakeCall(await beginSession(product.url));
  const contenders = await contendersBeside(product, session);
  const load = Program.start(process.execPath, ["bench/server/load.ts"]);
  started.add(load);
  const costs = await inTurns(contenders, load);
  for (const { name, reference } of contenders) {
    const each = costs.get(name) ?? [];
    const beside = costs.get(reference) ?? [];
    tell(name, median(each), "us", median(each.map((cost, round) => cost / (beside[round] ?? Number.NaN))));
  }
  await underHalfLoad(product, contenders, load);
  if (values["calls-only"]) return;
  await withIdle("idle streams", product, product);
  await withIdle("idle WebSockets", product, overWebSocket(product));
  const beginning = { ...product, name: "CCTelegram, initialize", request: initializeCall(), reference };
  await underInitialize(beginning, load);
}

/** A contender that is started when it is wanted; undefined where it cannot be. */
type Candidate = Omit<Contender, keyof Running> & { readonly start: () => Promise<Running | undefined> };

async function contendersBeside(product: Running, session: Contender["request"]): Promise<readonly Contender[]> {
  const result = await resultOf(product.url, session);
  const httpCandidates: readonly Omit<Candidate, "reference">[] = [
    { name: reference, start: () => startReference("bare-http.ts", result), request: session },
    { name: "CCTelegram, 2025-11-25", start: async () => product, request: session },
    { name: "CCTelegram, 2026-07-28", start: async () => product, request: statelessCall() },
    { name: "SDK 1.x, stateless", start: () => startReference("sdk-v1.ts", result), request: handshakeCall() },
    { name: "SDK 2.x, createMcpHandler", start: () => startReference("sdk-v2.ts", result), request: statelessCall() },
    { name: "Go SDK, stateless", start: () => startGoReference(result, folder), request: handshakeCall() },
  ];
  const echoed = { ...statelessCall(), expected: "tools/call" };
  const webSocketCandidates: readonly Omit<Candidate, "reference">[] = [
    { name: webSocketReference, start: () => startReference("ws-echo.ts", result), request: echoed },
    { name: "CCTelegram, WebSocket", start: async () => overWebSocket(product), request: statelessCall() },
  ];
  return startWanted([
    ...httpCandidates.map((candidate) => ({ ...candidate, reference })),
    ...webSocketCandidates.map((candidate) => ({ ...candidate, reference: webSocketReference })),
  ]);
}

function overWebSocket({ program, url }: Running): Running {
  return { program, url: url.replace("http", "ws") };
}

/** Starts those that are wanted, and their references. */
async function startWanted(candidates: readonly Candidate[]): Promise<readonly Contender[]> {
  const wanted = candidates.filter(({ name }) => name.includes(values.only));
  const references = new Set(wanted.map(({ reference }) => reference));
  const contenders: Contender[] = [];
  for (const { start, ...candidate } of candidates) {
    if (!wanted.some(({ name }) => name === candidate.name) && !references.has(candidate.name)) continue;
    const running = await start();
    if (running !== undefined) contenders.push({ ...candidate, ...kept(running) });
  }
  return contenders;
}

/** In turns, so that what the machine is worth at the time is much the same for all. Costs are in microseconds a request. */
async function inTurns(contenders: readonly Contender[], load: Program): Promise<ReadonlyMap<string, number[]>> {
  const costs = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await measure(contender, load, { seconds: 2, connections });
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      const { cost, system, outcome } = await measure(contender, load, {
        seconds,
        connections,
        ...(rate > 0 && { rate }),
      });
      costs.get(contender.name)?.push(cost);
      show(`round ${round}  ${contender.name}`, contender, { cost, system, outcome });
    }
  }
  return costs;
}

/** The reference at the same rate tells how much of the time is the client's and the machine's. */
async function underHalfLoad(product: Running, contenders: readonly Contender[], load: Program): Promise<void> {
  const compared = contenders.filter(({ name, program }) => name === reference || program === product.program);
  const contender = compared.find(({ program }) => program === product.program);
  if (contender === undefined) return;
  const { outcome: full } = await measure(contender, load, { seconds, connections });
  const rate = full.requests / full.seconds / 2;
  for (const each of compared.filter(({ reference: beside }) => beside === contender.reference)) {
    const { cost, system, outcome } = await measure(each, load, { seconds: seconds * 2, connections, rate });
    show(`${each.name}, half of the load`, each, { cost, system, outcome });
    tell(`${each.name}, p99 at half of the load`, outcome.p99, "ms");
  }
  tell("CCTelegram, RSS under load", product.program.rss(), "MiB");
}

/** Sessions are in their ids, so however many begin, nothing stays. */
async function underInitialize(contender: Contender, load: Program): Promise<void> {
  const before = contender.program.rss();
  const { cost, system, outcome } = await measure(contender, load, { seconds: seconds * 20, connections, rate: 2000 });
  show(contender.name, contender, { cost, system, outcome });
  tell(`${contender.name}, RSS more than before`, contender.program.rss() - before, "MiB");
}

/** Connections on which sessions listen and nothing happens. */
async function withIdle(name: string, product: Running, { url, program }: Running): Promise<void> {
  const before = program.rss();
  const idle = Program.start(process.execPath, ["bench/server/idle.ts"]);
  started.add(idle);
  idle.write({ url, headers: await listenersOf(product.url), count: idleConnections });
  const { open } = await idle.line<{ open: number }>();
  tell(`CCTelegram, ${name}`, open, "");
  tell(`CCTelegram, ${name}, RSS more than before`, program.rss() - before, "MiB");
  await idle.stop();
}

type Load = Pick<Order, "seconds" | "connections" | "rate">;

async function measure({ program, url, request }: Contender, load: Program, order: Load) {
  const before = program.cpu();
  load.write({ url, ...request, ...order } satisfies Order);
  const outcome = await load.line<Outcome>();
  const after = program.cpu();
  const user = (after.user - before.user) / outcome.requests;
  const system = (after.system - before.system) / outcome.requests;
  return { cost: user + system, system, outcome };
}

type Measured = { readonly cost: number; readonly system: number; readonly outcome: Outcome };

function show(name: string, { program }: Contender, { cost, system, outcome }: Measured): void {
  const rate = outcome.requests / outcome.seconds;
  const figures = [
    `${cost.toFixed(1)} us (${system.toFixed(1)} in the kernel)`,
    `${rate.toFixed(0)}/s`,
    `p99 ${outcome.p99.toFixed(1)} ms`,
    `RSS ${program.rss().toFixed(0)} MiB`,
    ...(outcome.failures > 0 ? [`${outcome.failures} FAILED`] : []),
  ];
  console.log(`${name.padEnd(36)} ${figures.join("  ")}`);
}

function tell(name: string, value: number, unit: string, ratio?: number): void {
  const rounded = (number: number) => Number(number.toPrecision(3));
  const line = { bench: "server", measure: name, value: rounded(value), unit };
  console.log(JSON.stringify(ratio === undefined ? line : { ...line, ratio: rounded(ratio) }));
}

function kept<T extends Running>(running: T): T {
  started.add(running.program);
  return running;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
