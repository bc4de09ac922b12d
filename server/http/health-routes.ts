import type { FastifyInstance, RouteHandlerMethod } from "fastify";
import { type BridgeStatus, withoutRecipients } from "../../contract/bridge-status.ts";
import { ServerError, toServerError } from "../../contract/errors.ts";
import { performanceReport } from "../../contract/performance-report.ts";
import { challengeHeader, proofHeader, proofOf } from "../../contract/proof.ts";
import { routes } from "../../contract/routes.ts";
import type { SigningSecrets } from "../../contract/signing-secrets.ts";
import type { KeyStore } from "../access/key-store.ts";
import type { SigningKeys } from "../access/oauth/signing-keys.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import { Since } from "../telemetry/since.ts";
import type { CertificateStore } from "../tls/certificate-store.ts";

/** What the process is doing; shared by its shutdown and its health. */
export type Lifecycle = { draining: boolean };

export type HealthOptions = {
  readonly service: { readonly name: string; readonly version: string; readonly instance: string };
  readonly keys: KeyStore;
  readonly certificate?: Pick<CertificateStore, "problem" | "expiresAt"> | undefined;
  readonly auth: { readonly takesKeys: boolean };
  readonly oauth?: { readonly keys: Pick<SigningKeys, "areKnown" | "state"> } | undefined;
  readonly bridge: BridgeClient;
  readonly lifecycle: Lifecycle;
  readonly proofSecret?: SigningSecrets | undefined;
  readonly clock: () => number;
};

// Probes and people may ask often; the bridge is asked at most once in this time.
const cacheMs = 2000;

/** Every path of health: probes and people are answered whatever the load. */
export const healthPaths: ReadonlySet<string> = new Set([
  ...[routes.health, routes.detailedHealth, routes.live, routes.ready],
  ...[routes.upstreamLive, routes.upstreamReady, routes.status, routes.report],
]);

/** Health for probes and people. It needs no key and tells no secret. */
export function healthRoutes(app: FastifyInstance, options: HealthOptions): void {
  const { clock, proofSecret } = options;
  const bridgeSeen = cachedBridge(options);
  const summary = summaries(options);
  const details = detailsOf(options, summary);
  const get = (paths: readonly string[], handler: RouteHandlerMethod) => {
    for (const path of paths) app.get(path, handler);
  };
  get([routes.health], async ({ headers }, reply) => {
    const proof = proofSecret && proofOf(proofSecret.current, headers[challengeHeader]);
    if (proof) reply.header(proofHeader, proof);
    return summary("healthy");
  });
  get([routes.live, routes.upstreamLive], async () => ({ alive: true }));
  get([routes.ready, routes.upstreamReady], async (_request, reply) => {
    const reasons = notReadyBecause(options);
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
  });
  get([routes.detailedHealth, routes.status], async () => details(await bridgeSeen()));
  get([routes.report], async () => {
    const { status } = await bridgeSeen();
    if (status instanceof ServerError) throw status;
    return performanceReport(status, new Date(clock()).toISOString());
  });
}

type Summary = ReturnType<typeof summaries>;

function summaries({ service, clock }: HealthOptions) {
  const startedAt = clock();
  return (status: string) => ({
    status,
    service: service.name,
    version: service.version,
    instance: service.instance,
    timestamp: new Date(clock()).toISOString(),
    uptime_seconds: Math.max(0, Math.floor((clock() - startedAt) / 1000)),
  });
}

function detailsOf(options: HealthOptions, summary: Summary) {
  const keysSince = new Since();
  const certificateOf = certificateDetails(options);
  const authorizationServer = authorizationServers(options);
  return (seen: Seen) => {
    const reasons = notReadyBecause(options);
    const ready = reasons.length === 0;
    const bridge = shownBridge(seen);
    const error = options.keys.problem();
    const keys = { healthy: error === undefined, since: keysSince.of(error, options.clock()), ...picked({ error }) };
    const certificate = certificateOf();
    const isWell = ready && bridge.health === "healthy" && certificate?.healthy !== false;
    return {
      ...summary(isWell ? "healthy" : "degraded"),
      components: { server: { ready, reasons }, bridge },
      dependencies: {
        keys,
        ...authorizationServer(),
        ...(certificate && { certificate }),
        ...dependenciesOf(seen),
      },
    };
  };
}

function certificateDetails({ certificate, clock }: HealthOptions) {
  const since = new Since();
  return () => {
    if (certificate === undefined) return undefined;
    const error = certificate.problem();
    const expires_at = new Date(certificate.expiresAt()).toISOString();
    return { healthy: error === undefined, since: since.of(error, clock()), expires_at, ...picked({ error }) };
  };
}

/** Where access tokens come from, as it was when its keys were read last; nothing without it, or before the first look has ended. */
function authorizationServers({ oauth, clock }: HealthOptions) {
  const since = new Since();
  return () => {
    const { checkedAt, latencyMs, error } = oauth?.keys.state ?? {};
    if (checkedAt === undefined) return {};
    const times = { checked_at: new Date(checkedAt).toISOString(), since: since.of(error, clock()) };
    return {
      authorization_server: { healthy: error === undefined, ...times, ...picked({ latency_ms: latencyMs, error }) },
    };
  };
}

/** Who has a key, or a token whose signer is known, can be served whether the authorization server answers or not. */
function notReadyBecause({ keys, auth, oauth, lifecycle }: HealthOptions): string[] {
  const isTokenless = !auth.takesKeys && oauth?.keys.areKnown === false;
  const tokenless = "the keys of the authorization server were never read; look at MCP_OAUTH_ISSUER and the log";
  const problem = isTokenless ? tokenless : keys.problem();
  return [...(problem === undefined ? [] : [problem]), ...(lifecycle.draining ? ["shutting down"] : [])];
}

/** A look at the bridge: how it says that it is, or why it did not. */
type Seen = {
  readonly status: ReturnType<typeof withoutRecipients<BridgeStatus>> | ServerError;
  /** How long the answer took. */
  readonly latencyMs: number;
  /** Since when it answers, or does not. */
  readonly since: string;
};

function shownBridge({ status }: Seen) {
  if (!(status instanceof ServerError)) return status;
  return { running: false as const, health: "unhealthy" as const, error: status.message };
}

/** What the server needs, each with how long it took to answer and since when it is so. */
function dependenciesOf({ status, latencyMs, since }: Seen) {
  if (status instanceof ServerError)
    return { bridge: { healthy: false, latency_ms: latencyMs, since, error: status.message } };
  const { telegram, queue } = status;
  return {
    bridge: { healthy: true, latency_ms: latencyMs, since },
    queue: { healthy: queue.usable, ...picked({ since: queue.since, error: queue.error }) },
    telegram: {
      healthy: telegram.reachable,
      checked_at: telegram.checked_at,
      ...picked({ latency_ms: telegram.latency_ms, since: telegram.since, error: telegram.error }),
    },
  };
}

/** What a bridge of the version before does not tell is left out. */
function picked(fields: Readonly<Record<string, string | number | undefined>>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function cachedBridge({ bridge, clock }: HealthOptions): () => Promise<Seen> {
  const since = new Since();
  let cached: Promise<Seen> | undefined;
  let askedAt = 0;
  const look = async (begun: number): Promise<Seen> => {
    const status = await bridge.status().then(withoutRecipients<BridgeStatus>, toServerError);
    const now = clock();
    const isAnswered = !(status instanceof ServerError);
    return { status, latencyMs: Math.max(0, now - begun), since: since.of(isAnswered, now) };
  };
  return () => {
    const now = clock();
    const age = now - askedAt;
    if (cached === undefined || age > cacheMs || age < 0) {
      askedAt = now;
      cached = look(now);
    }
    return cached;
  };
}
