import { randomBytes, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { KubeConfig } from "@kubernetes/client-node";
import { pino } from "pino";
import { collectDefaultMetrics } from "prom-client";
import { stdoutLogger } from "../logging/stdout-logger.ts";
import { addBackupControllers } from "./backup/controller.ts";
import { helpText, type OperatorConfig, readConfig } from "./config.ts";
import { addDeploymentController } from "./deployment/controller.ts";
import { exposureProbe } from "./deployment/exposure/dialer.ts";
import { mayBeDialled } from "./deployment/exposure/dialled-address.ts";
import { publicNames } from "./deployment/exposure/public-names.ts";
import { publicKey } from "./deployment/image/cosign.ts";
import { guardedGet } from "./deployment/image/guarded-get.ts";
import { imageReview } from "./deployment/image/review.ts";
import { fieldManager, reconcileAnnotation } from "./deployment/names.ts";
import { createLeadership } from "./leadership.ts";
import { createClient } from "./runtime/client.ts";
import { createClock } from "./runtime/clock.ts";
import { EventRecorder } from "./runtime/event-recorder.ts";
import { fencedClient } from "./runtime/fenced-client.ts";
import { startHealthServer } from "./runtime/health.ts";
import { cachesSynced, reflectorsFresh, workersMoving } from "./runtime/health-checks.ts";
import { Manager } from "./runtime/manager.ts";
import { createMetrics } from "./runtime/metrics.ts";
import { plainFetch } from "./runtime/plain-http.ts";
import { reconcileContext } from "./runtime/reconcile-context.ts";
import { tokenAuthorizer } from "./runtime/token-authorizer.ts";
import { version } from "./version.ts";

/** EX_CONFIG of sysexits.h. */
const badConfiguration = 78;

function configuration(): OperatorConfig {
  try {
    return readConfig(process.env);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(badConfiguration);
  }
}

if (process.argv[2] === "--help") {
  process.stdout.write(helpText());
  process.exit(0);
}

const config = configuration();
const logger = stdoutLogger({
  level: config.LOG_LEVEL,
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  mixin: () => ({ ...reconcileContext() }),
});
const clock = createClock({ now: Date.now, monotonic: () => performance.now() });
const metrics = createMetrics();
collectDefaultMetrics({ register: metrics.registry });
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort());

const kubeConfig = new KubeConfig();
kubeConfig.loadFromDefault();
const client = createClient({ kubeConfig, userAgent: fieldManager, metrics });

/** Addresses of the API server, as this process knows them. */
const apiServers = [
  process.env.KUBERNETES_SERVICE_HOST,
  URL.parse(kubeConfig.getCurrentCluster()?.server ?? "")?.hostname,
]
  .filter((host) => host !== undefined)
  .map((host) => host.replace(/^\[(.*)\]$/, "$1"));

const identity = `${config.POD_NAME ?? hostname()}_${randomBytes(4).toString("hex")}`;
const leadership = createLeadership({
  config,
  client,
  clock,
  random: Math.random,
  logger,
  metrics,
  identity,
  onClaim: (namespace) => {
    reconsider(namespace);
    backups.reconsider(namespace);
  },
});
/** Of what is written by whoever leads. */
const leaderClient = fencedClient(client, leadership.mayWrite);
const events = new EventRecorder({
  ...{ client: leaderClient, clock, logger, metrics, random: Math.random },
  reportingController: `cctelegram.io/${fieldManager}`,
  reportingInstance: identity,
  reconcileAnnotation,
});
const manager = new Manager({
  ...{ client: leaderClient, clock, logger, metrics, random: Math.random, newId: randomUUID, events },
  namespaces: config.WATCH_NAMESPACES,
});
const mayDial = (address: string) => mayBeDialled(address, apiServers);
const plainHosts = config.PLAIN_REGISTRIES;
const reviewImage = imageReview({
  get: guardedGet({ lookup: publicNames(), mayDial, plainHosts }),
  plainHosts,
  readKey: publicKey,
});
const settings = {
  serverImage: config.SERVER_IMAGE,
  telegramApiUrl: config.TELEGRAM_API_URL,
  allowedImages: config.ALLOWED_IMAGES,
  allowedApiUrls: config.ALLOWED_API_URLS,
  allowedBackupEndpoints: config.ALLOWED_BACKUP_ENDPOINTS,
  allowNetworkFields: config.ALLOW_NETWORK_FIELDS,
  probeExposure: config.PROBE_EXPOSURE,
  operatorVersion: version,
};
const { reconsider, stop: stopProbes } = addDeploymentController(manager, {
  ...{ client: leaderClient, clock, logger, metrics, random: Math.random, events },
  fetch: plainFetch,
  lookFromOutside: exposureProbe({
    lookup: publicNames(),
    mayDial,
    newChallenge: () => randomBytes(32).toString("hex"),
    now: clock.now,
  }),
  reviewImage,
  generateKey: () => randomBytes(32).toString("hex"),
  concurrency: config.CONCURRENCY,
  settings,
  claimant: leadership.claimant,
});
const backups = addBackupControllers(manager, {
  ...{ client: leaderClient, clock, logger, metrics, events, settings },
  claimant: leadership.claimant,
});
const watching = manager.watch(stop.signal);

const health = await startHealthServer({
  host: config.LISTEN_HOST,
  port: config.HEALTH_PORT,
  logger,
  liveness: [reflectorsFresh(manager.reflectors), workersMoving(manager.controllers)],
  readiness: [cachesSynced(manager.reflectors)],
});
const metricsServer = await startHealthServer({
  host: config.LISTEN_HOST,
  port: config.METRICS_PORT,
  logger,
  registry: metrics.registry,
  ...(config.METRICS_AUTHENTICATION ? { authorize: tokenAuthorizer({ client, clock, path: "/metrics" }) } : {}),
});
logger.info({ healthPort: health.port, metricsPort: metricsServer.port, identity }, "operator started");

const outcome = await leadership.run((leading) => manager.lead(leading), stop.signal);
stopProbes();
await Promise.all([watching, health.close(), metricsServer.close()]);
client.close();
logger.info({ outcome }, "operator stopped");
process.exit(outcome === "lost" ? 1 : 0);
