import type { FastifyInstance } from "fastify";
import { type BridgeStatus, withoutRecipients } from "../../contract/bridge-status.ts";
import { toServerError } from "../../contract/errors.ts";
import { challengeHeader, proofHeader, proofOf } from "../../contract/proof.ts";
import { routes } from "../../contract/routes.ts";
import type { KeyStore } from "../access/key-store.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";

/** What the process is doing; shared by its shutdown and its health. */
export type Lifecycle = { draining: boolean };

export type HealthOptions = {
  readonly service: { readonly name: string; readonly version: string; readonly instance: string };
  readonly keys: KeyStore;
  readonly bridge: BridgeClient;
  readonly lifecycle: Lifecycle;
  readonly proofSecret?: string | undefined;
  readonly clock: () => number;
};

// Probes and people may ask often; the bridge is asked at most once in this time.
const cacheMs = 2000;

/** Health for probes and people. It needs no key and tells no secret. */
export function healthRoutes(app: FastifyInstance, options: HealthOptions): void {
  const { service, clock, proofSecret } = options;
  const startedAt = clock();
  const bridgeHealth = cachedBridgeHealth(options);
  const summary = (status: string) => ({
    status,
    service: service.name,
    version: service.version,
    instance: service.instance,
    timestamp: new Date(clock()).toISOString(),
    uptime_seconds: Math.max(0, Math.floor((clock() - startedAt) / 1000)),
  });
  app.get(routes.health, async ({ headers }, reply) => {
    const proof = proofSecret && proofOf(proofSecret, headers[challengeHeader]);
    if (proof) reply.header(proofHeader, proof);
    return summary("healthy");
  });
  app.get(routes.live, async () => ({ alive: true }));
  app.get(routes.ready, async (_request, reply) => {
    const reasons = notReadyBecause(options);
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
  });
  app.get(routes.detailedHealth, async () => {
    const reasons = notReadyBecause(options);
    const bridge = await bridgeHealth();
    const healthy = reasons.length === 0 && bridge.health === "healthy";
    return {
      ...summary(healthy ? "healthy" : "degraded"),
      components: { server: { ready: reasons.length === 0, reasons }, bridge },
    };
  });
}

function notReadyBecause({ keys, lifecycle }: HealthOptions): string[] {
  const problem = keys.problem();
  return [...(problem === undefined ? [] : [problem]), ...(lifecycle.draining ? ["shutting down"] : [])];
}

type BridgeHealth =
  | ReturnType<typeof withoutRecipients<BridgeStatus>>
  | { running: false; health: "unhealthy"; error: string };

function cachedBridgeHealth({ bridge, clock }: HealthOptions): () => Promise<BridgeHealth> {
  let cached: Promise<BridgeHealth> | undefined;
  let askedAt = 0;
  return () => {
    const age = clock() - askedAt;
    if (cached === undefined || age > cacheMs || age < 0) {
      askedAt = clock();
      cached = bridge.status().then(withoutRecipients<BridgeStatus>, (error) => ({
        running: false as const,
        health: "unhealthy" as const,
        error: toServerError(error).message,
      }));
    }
    return cached;
  };
}
