import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundle } from "../../images/bundle.ts";
import { nodeArguments } from "../../images/image-definition.ts";
import { Program } from "./program.ts";

const run = promisify(execFile);
const node = process.execPath;
const key = "key-of-the-client-that-calls";
/** Keys of those that only listen: one client may have a thousand streams. */
const listeners = Array.from({ length: 10 }, (_, index) => `key-of-the-listener-number-${index}`);
const clientOf = (index: number) => ({ name: `bench-${index}`, permissions: ["*"] });

/** A request as it is sent over and over, and what its answer holds. */
export type Request = {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly expected: string;
};

export type Running = { readonly program: Program; readonly url: string };

/** Something that is measured, and what it is asked. */
export type Contender = Running & {
  readonly name: string;
  readonly request: Request;
  /** The contender whose cost its own is divided by. */
  readonly reference: string;
};

export type ProductOptions = {
  /** Its main file. */
  readonly main: string;
  /** Further arguments of its Node, after those of the image. */
  readonly nodeArgs: readonly string[];
  readonly telegramUrl: string;
  readonly folder: string;
};

/** `readyMs` is the time from the start of its process. */
export type Product = Running & { readonly metricsUrl: string; readonly readyMs: number };

/** The product standing alone, with everything on: keys, limits, log, metrics. */
export async function startProduct(options: ProductOptions): Promise<Product> {
  const { main, nodeArgs, telegramUrl, folder } = options;
  if (main.startsWith("dist/")) await bundle(["server"]);
  const started = performance.now();
  const program = Program.start(node, [...nodeArguments("server"), ...nodeArgs, main, "standalone"], {
    TELEGRAM_BOT_TOKEN: "123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    TELEGRAM_ALLOWED_USERS: "1",
    TELEGRAM_API_URL: telegramUrl,
    MCP_SERVER_PORT: "0",
    METRICS_PORT: "0",
    BRIDGE_PORT: "0",
    MCP_API_KEYS: JSON.stringify(Object.fromEntries([key, ...listeners].map((each, index) => [each, clientOf(index)]))),
    MCP_RATE_LIMIT_REQUESTS: "1000000",
    MCP_RATE_LIMIT_WINDOW: "1000",
    CC_TELEGRAM_DATA_DIR: folder,
  });
  type Ready = { readonly msg?: string; readonly http: string; readonly metrics: string };
  const { http, metrics } = await program.line<Ready>(({ msg }) => msg === "ready to work");
  const readyMs = performance.now() - started;
  program.ignoreOutput();
  return { program, url: `${http}/mcp`, metricsUrl: `${metrics}/metrics`, readyMs };
}

/** A reference that answers with a given result. */
export async function startReference(file: string, result: string): Promise<Running> {
  return announced(Program.start(node, [join("bench/server", file), result]));
}

/** The reference in Go; undefined where there is no Go. */
export async function startGoReference(result: string, folder: string): Promise<Running | undefined> {
  const binary = join(folder, "go-sdk");
  try {
    await run("go", ["build", "-o", binary, "."], { cwd: "bench/server/go-sdk" });
  } catch (error) {
    console.log(`not measured: the Go SDK, because it cannot be built: ${(error as Error).message.split("\n")[0]}`);
    return undefined;
  }
  return announced(Program.start(binary, [result]));
}

async function announced(program: Program): Promise<Running> {
  const { url } = await program.line<{ url: string }>();
  program.ignoreOutput();
  return { program, url };
}

/** A call of the tool in a session of 2025-11-25. */
export function handshakeCall(session?: string): Request {
  return callOf({ "mcp-protocol-version": "2025-11-25", ...(session && { "mcp-session-id": session }) }, {});
}

/** A call of the tool that tells its own terms, as 2026-07-28 has it. */
export function statelessCall(): Request {
  const headers = {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "get_bridge_status",
  };
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  return callOf(headers, { _meta: meta });
}

/** A request that begins a session. */
export function initializeCall(): Request {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } };
  return { ...callOf({}, {}), body: JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params }) };
}

export async function beginSession(url: string, by = key): Promise<string> {
  const { headers, body } = initializeCall();
  const response = await fetch(url, { method: "POST", headers: { ...headers, "x-api-key": by }, body });
  return response.headers.get("mcp-session-id") ?? "";
}

/** Headers by which each of the listeners opens a stream. */
export function listenersOf(url: string): Promise<readonly Readonly<Record<string, string>>[]> {
  return Promise.all(
    listeners.map(async (each) => ({
      accept: "text/event-stream",
      "x-api-key": each,
      "mcp-session-id": await beginSession(url, each),
    })),
  );
}

/** The result of a call, as JSON. */
export async function resultOf(url: string, request: Request): Promise<string> {
  const { headers, body } = request;
  const response = await fetch(url, { method: "POST", headers, body });
  return JSON.stringify(((await response.json()) as { result: object }).result);
}

function callOf(headers: Readonly<Record<string, string>>, params: object): Request {
  return {
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "x-api-key": key,
      ...headers,
    },
    expected: '"result"',
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "get_bridge_status", arguments: {}, ...params },
    }),
  };
}
