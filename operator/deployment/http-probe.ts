import { createHash, createHmac } from "node:crypto";
import * as z from "zod";
import type { PlainFetch, PlainRequest, PlainResponse } from "../runtime/plain-http.ts";
import { printable } from "./printable.ts";
import type { BridgeProbe, ProbeResult, ServerProbe, Target } from "./probe.ts";

type Options = {
  readonly fetch: PlainFetch;
  readonly now: () => number;
  /** For one request. Default 5 s. */
  readonly timeoutMs?: number;
};

type TimedFetch = (url: string, init: Omit<PlainRequest, "timeoutMs">) => Promise<PlainResponse>;

const protocolVersion = "2025-11-25";

/** What a pod answers is whatever its image says: it is cut and cleaned before anything else reads it. */
const words = z.string().transform((text) => printable(text, longestText));
const longestText = 256;
const count = z
  .number()
  .min(0)
  .transform((value) => Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER, mostMessages));
const mostMessages = 1_000_000_000;

const initialized = z.object({
  result: z.object({ protocolVersion: words, serverInfo: z.object({ version: words }) }),
});

const refusal = z
  .object({ chat_id: z.int(), reason: words, hint: words.optional() })
  .transform(({ chat_id, ...words }) => ({ chatId: chat_id, ...words }));

const bridgeStatus = z.object({
  telegram: z.object({ reachable: z.boolean(), error: words.optional() }),
  queue: z.object({ usable: z.boolean(), pending: count, limit: count, error: words.optional() }),
  refusals: z.array(refusal).max(100).optional(),
  waiting: z.object({ reason: words, until: z.string().max(64) }).optional(),
});

/** A wait is told when it lasts longer: Telegram often asks for some seconds. */
const longWaitMs = 60_000;

/** Probes over HTTP, through the Services, as a client does. */
export function httpProbe({ fetch, now, timeoutMs = 5_000 }: Options): (target: Target) => Promise<ProbeResult> {
  const timed: TimedFetch = (url, init) => fetch(url, { ...init, timeoutMs });
  return async (target) => {
    const [server, bridge] = await Promise.all([
      target.hasServer ? probeServer(timed, target) : undefined,
      target.hasBridge ? probeBridge(timed, target, now) : undefined,
    ]);
    return { server, bridge };
  };
}

/** The handshake of the MCP specification, "Lifecycle": an initialize request that the server answers. */
async function probeServer(fetch: TimedFetch, { mcpUrl, verifierKey }: Target): Promise<ServerProbe> {
  try {
    const response = await fetch(mcpUrl, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "x-api-key": verifierKey,
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "initialize",
        params: { protocolVersion, capabilities: {}, clientInfo: { name: "cctelegram-operator", version: "1" } },
      }),
    });
    const body = await response.text();
    if (!response.ok) return failed("HandshakeRefused", `the MCP handshake was answered with HTTP ${response.status}`);
    const { result } = initialized.parse(JSON.parse(body));
    return { verified: true, protocolVersion: result.protocolVersion, serverVersion: result.serverInfo.version };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) {
      return failed("HandshakeInvalid", "the answer to the MCP handshake is not an initialize result");
    }
    return failed("ServiceUnreachable", `no answer from ${mcpUrl}`);
  }
}

const failed = (reason: string, message: string): ServerProbe => ({ verified: false, reason, message });

async function probeBridge(fetch: TimedFetch, { bridgeUrl, hmac }: Target, now: () => number): Promise<BridgeProbe> {
  const url = `${bridgeUrl}/status`;
  try {
    const response = await fetch(url, { method: "GET", headers: signatureOf("GET", "/status", hmac, now()) });
    const body = await response.text();
    if (!response.ok)
      return { answered: false, message: `the bridge's status was answered with HTTP ${response.status}` };
    const { waiting, ...status } = bridgeStatus.parse(JSON.parse(body));
    const isLong = waiting !== undefined && Date.parse(waiting.until) - now() > longWaitMs;
    return { answered: true, ...status, ...(isLong ? { waiting: waiting.reason } : {}) };
  } catch {
    return { answered: false, message: `no answer from ${url}` };
  }
}

/** The headers that the bridge asks for; docs/architecture.md, "Contracts between server and bridge". */
function signatureOf(method: string, path: string, hmac: string, nowMs: number): Record<string, string> {
  const timestamp = `${Math.floor(nowMs / 1000)}`;
  const contentHash = createHash("sha256").digest("hex");
  const text = [timestamp, method, path, contentHash].join("\n");
  return {
    "x-cctelegram-timestamp": timestamp,
    "x-cctelegram-content-sha256": contentHash,
    "x-cctelegram-signature": `sha256=${createHmac("sha256", hmac).update(text).digest("hex")}`,
  };
}
