import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { Registry } from "prom-client";
import type { Event } from "../../../contract/event.ts";
import { signedHeaders } from "../../../contract/signature.ts";
import { type Bridge, startBridge } from "../../../server/bridge/bridge.ts";
import type { BridgeConfig } from "../../../server/bridge/config.ts";
import { SqliteQueue, type SqliteQueueOptions } from "../../../server/bridge/queue/sqlite-queue.ts";
import { Store, type StoreOptions } from "../../../server/bridge/storage/store.ts";
import { createAudit } from "../../../server/telemetry/audit.ts";
import { recordEnvironment, recordLog } from "../../leaks/recorder.ts";
import type { Received } from "../../telegram/received.ts";

export const SECRET = "0123456789abcdef0123456789abcdef";
export const TOKEN = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456";

export type Scratch = { readonly path: string; [Symbol.asyncDispose](): Promise<void> };

/** A directory that goes away with the test. */
export async function scratch(): Promise<Scratch> {
  const path = await mkdtemp(join(tmpdir(), "bridge-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export type QueueOptions = StoreOptions & SqliteQueueOptions;

/** A queue on a file; closing it closes the file. */
export function queueOn({ limits, recipients, now, ...file }: QueueOptions): SqliteQueue {
  return new SqliteQueue(new Store({ now, ...file }), { limits, recipients, now });
}

export type Overrides = Partial<Omit<BridgeConfig, "telegram">> & { telegram?: Partial<BridgeConfig["telegram"]> };

export function configFor(dataDir: string, apiUrl: string, { telegram, ...overrides }: Overrides = {}): BridgeConfig {
  return {
    host: "127.0.0.1",
    port: 0,
    dataDir,
    queueSizeLimit: 10_000,
    queueBytesLimit: 2 ** 28,
    clientSharePercent: 100,
    hmac: { secret: SECRET },
    ...overrides,
    telegram: {
      token: TOKEN,
      allowedUsers: [1],
      apiUrl,
      apiTimeoutMs: 5_000,
      messagesPerSecond: 30,
      messagesPerChatPerSecond: 1,
      ...telegram,
    },
  };
}

export type TestBridge = Bridge & {
  readonly log: readonly string[];
  readonly registry: Registry;
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** A bridge in this process, with its log lines at hand. */
export async function bridgeFor(config: BridgeConfig, clock: () => number = Date.now): Promise<TestBridge> {
  const log: string[] = [];
  const registry = new Registry();
  const write = (line: string) => {
    log.push(line);
    recordLog(line);
  };
  recordEnvironment({ HMAC_SECRET: config.hmac.secret, TELEGRAM_BOT_TOKEN: config.telegram.token });
  const logger = pino({ level: "trace" }, { write });
  const onRestart = () => void log.push("restart");
  const audit = createAudit({ enabled: true, content: false, logger, steady: () => performance.now() });
  const bridge = await startBridge({ config, logger, audit, registry, clock, version: "1.2.3", onRestart });
  return {
    log,
    registry,
    url: bridge.url,
    accept: (event) => bridge.accept(event),
    status: () => bridge.status(),
    eventStatus: (eventId, client) => bridge.eventStatus(eventId, client),
    responses: (query) => bridge.responses(query),
    countResponses: (query) => bridge.countResponses(query),
    clearResponses: (clearing) => bridge.clearResponses(clearing),
    approvals: bridge.approvals,
    relay: bridge.relay,
    control: bridge.control,
    attention: bridge.attention,
    channel: bridge.channel,
    pairings: bridge.pairings,
    todos: bridge.todos,
    monitoring: bridge.monitoring,
    backups: bridge.backups,
    obstacles: () => bridge.obstacles(),
    live: () => bridge.live(),
    close: () => bridge.close(),
    metric: (name, labels = {}) => metricOf(registry, name, labels),
    [Symbol.asyncDispose]: () => bridge.close(),
  };
}

async function metricOf(registry: Registry, name: string, labels: Readonly<Record<string, string>>): Promise<number> {
  const found = (await registry.getMetricsAsJSON()).find((metric) => metric.name === name);
  const value = found?.values.find((each) =>
    Object.entries(labels).every(([key, label]) => each.labels[key] === label),
  );
  if (value === undefined) throw new Error(`There is no metric ${name} ${JSON.stringify(labels)}.`);
  return value.value;
}

export function eventOf(id: string, fields: Partial<Event> = {}): Event {
  return {
    event_id: id,
    type: "info_notification",
    source: "test",
    client: "tester",
    timestamp: "2026-01-02T03:04:05Z",
    task_id: "task",
    title: `Event ${id}`,
    description: "Something happened",
    data: {},
    ...fields,
  };
}

/** A signed request to the bridge's HTTP API. */
export function signedFetch(url: string, method: string, body = "", secret = SECRET): Promise<Response> {
  const headers = headersOf(url, method, body, { secret });
  return fetch(url, { method, headers, ...(method === "GET" ? {} : { body }) });
}

/** The headers of a signed request, made now unless told otherwise. */
export function headersOf(
  url: string,
  method: string,
  body: string,
  { secret = SECRET, timestampSeconds = Math.floor(Date.now() / 1000) } = {},
): Record<string, string> {
  const { pathname, search } = new URL(url);
  return signedHeaders(secret, { method, path: pathname + search, timestampSeconds, body });
}

export function post(url: string, event: unknown): Promise<Response> {
  return signedFetch(`${url}/events`, "POST", JSON.stringify(event));
}

/** Waits for a condition; the error names what did not come about. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 30_000,
): Promise<void> {
  for (const end = performance.now() + limitMs; performance.now() < end; await sleep(10)) {
    if (await condition()) return;
  }
  throw new Error(`It did not happen within ${limitMs} ms: ${what}`);
}

/**
 * What a bridge did wrong that is killed again and again. An edit whose answer died with it comes again, and the stand-in may
 * hear of the next bridge before it hears that the last one's connection is gone.
 */
export function wrongs(violations: readonly Received[]): readonly Received[] {
  return violations.filter(({ error = "" }) => !/message is not modified$|^Conflict: terminated by other/.test(error));
}
