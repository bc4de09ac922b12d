import * as z from "zod";
import { apiKeyHeader } from "../../../contract/api-key.ts";
import {
  bridgeStatusSchema,
  type Refusal as ContractRefusal,
  type RefusedTopicStatus,
  type VolumeStatus,
} from "../../../contract/bridge-status.ts";
import { routes } from "../../../contract/routes.ts";
import { signedHeaders } from "../../../contract/signature.ts";
import type { PlainFetch, PlainRequest, PlainResponse } from "../../runtime/plain-http.ts";
import { printable } from "../printable.ts";
import type { VolumeUse } from "../volume/growth.ts";
import type { BridgeProbe, ProbeResult, Refusal, RefusedTopic, ServerProbe, Target } from "./parts-probe.ts";

type Options = {
  readonly fetch: PlainFetch;
  readonly now: () => number;
  /** The server pods that are ready. Default: none is known, and none is asked by itself. */
  readonly podsOf?: (target: Target) => readonly ServerPod[];
  /** The last result. */
  readonly before?: (uid: string) => ProbeResult | undefined;
  /** For one request. Default 5 s. */
  readonly timeoutMs?: number;
};

export type TimedFetch = (url: string, init: Omit<PlainRequest, "timeoutMs">) => Promise<PlainResponse>;

const protocolVersion = "2025-11-25";

/** A pod's answer is untrusted, since the image is chosen by the author: it is shortened and cleaned before anything else reads it. */
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

const told = bridgeStatusSchema({ text: words, count, chatId: z.int() }).shape;

/** The part of the bridge's status that conditions need; older bridges do not report everything. */
const bridgeStatus = z.object({
  telegram: told.telegram.pick({ reachable: true, error: true, token_refused: true }),
  queue: told.queue.pick({ usable: true, pending: true, limit: true, error: true }),
  refusals: told.refusals.unwrap().optional(),
  refused_topics: told.refused_topics,
  waiting: told.waiting,
  paused: told.paused,
  fenced: told.fenced,
  volume: told.volume.unwrap().optional().catch(undefined),
  // Without the time of the last answer, which always changes.
  receiving: told.receiving
    .unwrap()
    .pick({ mode: true, receiving: true, other_consumer: true, undelivered: true, error: true, hint: true })
    .optional()
    // A newer bridge may receive in a way that is not known here.
    .catch(undefined),
});

/** Shorter waits are not reported: Telegram often asks for some seconds. */
const longWaitMs = 60_000;

/** Probes over HTTP through the Services, like a client. */
export function httpProbe(options: Options): (target: Target) => Promise<ProbeResult> {
  const { fetch, now, timeoutMs = 5_000 } = options;
  const timed: TimedFetch = (url, init) => fetch(url, { ...init, timeoutMs });
  return async (target) => {
    const [server, bridge] = await Promise.all([
      target.hasServer ? probeServers(timed, target, options) : undefined,
      target.hasBridge ? probeBridge(timed, target, now) : undefined,
    ]);
    const { template, isWatched } = target;
    return { server, bridge, ...(template === undefined ? {} : { template }), ...(isWatched ? { isWatched } : {}) };
  };
}

/** A server pod, by which it is asked without the Service. */
export type ServerPod = { readonly uid: string; readonly address: string };

/**
 * The handshake through the Service, which reaches any of the pods. When it fails, or some pods failed last time, each pod is
 * asked by itself: what some fail and others pass is a matter of those pods.
 */
async function probeServers(fetch: TimedFetch, target: Target, { podsOf, before }: Options): Promise<ServerProbe> {
  const service = await handshake(fetch, target);
  const last = before?.(target.uid)?.server;
  const failedBefore = last?.verified === false && last.failingPods !== undefined;
  if (service.verified && !failedBefore) return service;
  const pods = podsOf?.(target) ?? [];
  const failing = await Promise.all(
    pods.map(async ({ uid, address }) => ((await handshake(fetch, target, address)).verified ? [] : [uid])),
  );
  const failingPods = failing.flat().toSorted();
  if (failingPods.length === 0 || failingPods.length === pods.length) return service;
  return { verified: false, reason: "SomePodsFail", message: somePodsFail, failingPods };
}

const somePodsFail =
  "some MCP server pods are ready, but fail the MCP handshake that others pass, so some calls fail: the operator replaces them one after the other";

/** An address stands for a pod; IPv6 ones are in brackets in URLs. */
const atPod = (mcpUrl: string, address: string) =>
  mcpUrl.replace(/\/\/[^:/]+/, `//${address.includes(":") ? `[${address}]` : address}`);

/** The handshake of the MCP specification, "Lifecycle": an initialize request that the server answers. */
export async function handshake(
  fetch: TimedFetch,
  { mcpUrl, verifierKey, headers }: Pick<Target, "mcpUrl" | "verifierKey"> & { headers?: PlainRequest["headers"] },
  address?: string,
): Promise<ServerProbe> {
  try {
    const response = await fetch(address === undefined ? mcpUrl : atPod(mcpUrl, address), {
      method: "POST",
      headers: {
        // The server may take no other name.
        host: new URL(mcpUrl).host,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        [apiKeyHeader]: verifierKey,
        ...headers,
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
  const url = bridgeUrl + routes.status;
  try {
    const request = { method: "GET", path: routes.status, timestampSeconds: Math.floor(now() / 1000), body: "" };
    const response = await fetch(url, { method: "GET", headers: signedHeaders(hmac, request) });
    const body = await response.text();
    if (!response.ok)
      return { answered: false, message: `the bridge's status was answered with HTTP ${response.status}` };
    const { waiting, refusals, refused_topics: topics, volume, ...status } = bridgeStatus.parse(JSON.parse(body));
    const isLong = waiting !== undefined && Date.parse(waiting.until) - now() > longWaitMs;
    return {
      answered: true,
      ...status,
      ...(refusals ? { refusals: refusals.map(shownRefusal) } : {}),
      ...(topics ? { refusedTopics: topics.map(shownTopic) } : {}),
      ...(volume ? { volume: shownVolume(volume) } : {}),
      ...(isLong ? { waiting: waiting.reason } : {}),
    };
  } catch {
    return { answered: false, message: `no answer from ${url}` };
  }
}

/** Without the number of messages: it changes often, and would change the condition each time. */
const shownRefusal = ({ chat_id, name, reason, hint }: ContractRefusal): Refusal => ({
  chatId: chat_id,
  ...(name === undefined ? {} : { name }),
  reason,
  ...(hint === undefined ? {} : { hint }),
});

/** To two digits: a few bytes more or less change nothing. */
const shownVolume = ({ size_bytes, free_bytes, growth_bytes_per_day: growth }: VolumeStatus): VolumeUse => ({
  sizeBytes: size_bytes,
  freeBytes: coarse(free_bytes),
  ...(growth === undefined ? {} : { growthBytesPerDay: coarse(growth) }),
});

const coarse = (bytes: number) => Number(bytes.toPrecision(2));

const shownTopic = ({ name, reason, hint }: RefusedTopicStatus): RefusedTopic => ({ name, hint: hint ?? reason });
