/**
 * `npm run bench:server [-- --rounds 5 --seconds 3]`: what a call of a tool costs, beside a bare node:http that answers with the
 * same JSON, in turns on the same machine. Linux only: processor time is read from /proc.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "../images/bundle.ts";
import { startTelegram } from "../test/telegram/telegram.ts";
import type { Order, Outcome } from "./server/load.ts";
import { Program } from "./server/program.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    connections: { type: "string", default: "32" },
    /** Arguments of the server's Node, such as "--cpu-prof --cpu-prof-dir=/tmp". */
    "node-args": { type: "string", default: "" },
    /** The program that is measured. */
    main: { type: "string", default: "dist/server/main.js" },
    /** Only the contenders whose names hold this. */
    only: { type: "string", default: "" },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const key = "key-of-the-only-client-of-the-bench";
const node = process.execPath;
const folder = mkdtempSync(join(tmpdir(), "cctelegram-bench-"));

type Request = { readonly headers: Record<string, string>; readonly body: string };

/** Something that is measured: how it is started, and what it is asked. */
type Contender = { readonly name: string; readonly program: Program; readonly url: string; readonly request: Request };

const telegram = await startTelegram();
const product = await startProduct();
const session = await beginSession(product.url);
const handshake = callOf({ "mcp-session-id": session, "mcp-protocol-version": "2025-11-25" }, {});
const stateless = callOf(
  { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "get_bridge_status" },
  {
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    },
  },
);
const result = JSON.stringify(await resultOf(product.url, handshake));
const bare = await startProgram("bench/server/bare-http.ts", result);
const sdk1 = await startProgram("bench/server/sdk-v1.ts", result);

const contenders: readonly Contender[] = [
  { name: "bare node:http", ...bare, request: handshake },
  { name: "CCTelegram, 2025-11-25", ...product, request: handshake },
  { name: "CCTelegram, 2026-07-28", ...product, request: stateless },
  { name: "SDK 1.x stateless", ...sdk1, request: callOf({ "mcp-protocol-version": "2025-11-25" }, {}) },
].filter(({ name }) => name.startsWith("bare") || name.includes(values.only));

const load = Program.start(node, ["bench/server/load.ts"]);
const costs = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
try {
  for (const contender of contenders) await measure(contender, 2);
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      const { cpu, outcome, rss } = await measure(contender, seconds);
      costs.get(contender.name)?.push(cpu);
      const rate = outcome.requests / outcome.seconds;
      const figures = [
        `${cpu.toFixed(1)} us`,
        `${rate.toFixed(0)}/s`,
        `p99 ${outcome.p99.toFixed(1)} ms`,
        `RSS ${rss.toFixed(0)} MiB`,
      ];
      console.log(
        `round ${round}  ${contender.name.padEnd(24)} ${figures.join("  ")}${outcome.failures > 0 ? `  ${outcome.failures} FAILED` : ""}`,
      );
    }
  }
  const reference = costs.get("bare node:http") ?? [];
  for (const [name, each] of costs) {
    const ratios = each.map((cost, round) => cost / (reference[round] ?? Number.NaN));
    console.log(
      JSON.stringify({ bench: "server", measure: name, value: median(each), unit: "us", ratio: median(ratios) }),
    );
  }
} finally {
  await Promise.all([load, product.program, bare.program, sdk1.program].map((program) => program.stop()));
  await telegram.close();
  rmSync(folder, { recursive: true, force: true });
}

async function measure({ program, url, request }: Contender, duration: number) {
  const before = program.cpu();
  const order: Order = { url, ...request, connections, seconds: duration };
  load.write(order);
  const outcome = await load.line<Outcome>();
  return { cpu: (program.cpu() - before) / outcome.requests, outcome, rss: program.rss() };
}

async function startProduct() {
  await bundle(["server"]);
  const nodeArgs = values["node-args"].split(" ").filter((arg) => arg !== "");
  const program = Program.start(node, [...nodeArgs, values.main, "standalone"], {
    TELEGRAM_BOT_TOKEN: "123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    TELEGRAM_ALLOWED_USERS: "1",
    TELEGRAM_API_URL: telegram.url,
    MCP_SERVER_PORT: "0",
    METRICS_PORT: "0",
    BRIDGE_PORT: "0",
    MCP_API_KEYS: JSON.stringify({ [key]: { name: "bench", permissions: ["*"] } }),
    MCP_RATE_LIMIT_REQUESTS: "1000000",
    MCP_RATE_LIMIT_WINDOW: "1000",
    CC_TELEGRAM_DATA_DIR: folder,
  });
  const { http } = await program.line<{ msg?: string; http: string }>(({ msg }) => msg === "ready to work");
  program.ignoreOutput();
  return { program, url: `${http}/mcp` };
}

async function startProgram(file: string, argument: string) {
  const program = Program.start(node, [file, argument]);
  const { url } = await program.line<{ url: string }>();
  program.ignoreOutput();
  return { program, url };
}

function callOf(headers: Record<string, string>, params: object): Request {
  return {
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "x-api-key": key,
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "get_bridge_status", arguments: {}, ...params },
    }),
  };
}

async function beginSession(url: string): Promise<string> {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params });
  const response = await fetch(url, { method: "POST", headers: callOf({}, {}).headers, body });
  return response.headers.get("mcp-session-id") ?? "";
}

async function resultOf(url: string, { headers, body }: Request): Promise<object> {
  const response = await fetch(url, { method: "POST", headers, body });
  return ((await response.json()) as { result: object }).result;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Number((sorted[Math.floor(sorted.length / 2)] ?? Number.NaN).toPrecision(3));
}
