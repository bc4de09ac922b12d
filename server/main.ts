import { randomBytes, randomUUID } from "node:crypto";
import { homedir } from "node:os";
import { ConfigError } from "../config/config-error.ts";
import { readSmallFile } from "../config/small-file.ts";
import { terminationLog } from "../contract/backup.ts";
import { type Job, jobs, roles, type Service, services } from "../contract/roles.ts";
import { type Config, loadConfig } from "./config/config.ts";
import { helpText } from "./config/help.ts";
import { loadJob } from "./config/job-config.ts";
import { setWithOtherMeaning } from "./config/other-meaning.ts";
import { version } from "./config/version.ts";
import { setWithoutEffect } from "./config/without-effect.ts";
import { reload, snapshotHeap } from "./process/asked-by-signals.ts";
import { AskedWork } from "./process/asked-work.ts";
import { closeLogFiles, openLogFiles } from "./process/log-files.ts";
import { shutDown } from "./process/shutdown.ts";
import { listening, StartError } from "./process/start-error.ts";
import type { Running } from "./roles/running.ts";
import { createLogger, type Logger, redact } from "./telemetry/logger.ts";
import { createRegistry } from "./telemetry/metrics.ts";
import { startMetricsServer } from "./telemetry/metrics-server.ts";

// sysexits.h: configuration or surroundings are wrong, and starting again will not help.
const EX_CONFIG = 78;
const EX_SOFTWARE = 70;

const world = {
  clock: Date.now,
  newId: randomUUID,
  makeKey: () => randomBytes(32).toString("hex"),
  say: (text: string) => void process.stderr.write(text),
  streams: () => ({ input: process.stdin, output: process.stdout }),
  isTerminal: process.stderr.isTTY === true,
};

// Whoever read it may be gone: without a listener that would end the process.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

async function main(argument: string | undefined): Promise<void> {
  if (argument === "--help" || argument === "-h") return void process.stdout.write(helpText());
  if (argument === "--version") return void process.stdout.write(`${version}\n`);
  const [service, job] = [services.find((role) => role === argument), jobs.find((role) => role === argument)];
  // Whatever is written holds messages or keys, and is for this user alone.
  process.umask(0o077);
  if (job !== undefined) return runJob(job);
  if (service === undefined) return giveUp(`Unknown role '${argument ?? ""}'. Roles: ${roles.join(", ")}. See --help.`);
  const config = configure(service);
  if (config !== undefined) await run(config);
}

const surroundings = () => ({ env: process.env, home: home(), readFile: readSmallFile });

/** A job ends by itself, or at the first signal; a second one does not wait. */
async function runJob(role: Job): Promise<void> {
  const { leaveProblems, runJob: run } = await import("./roles/job.ts");
  try {
    const config = loadJob(role, surroundings());
    const logger = createLogger({ ...config.log, service: config.service });
    process.on("uncaughtException", (error) => crash(logger, error));
    const { ended } = listenForSignals();
    const stop = new AbortController();
    void ended.then(() => stop.abort());
    process.exit(await run(config, logger, { ...world, signal: stop.signal }));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    leaveProblems(process.env.TERMINATION_LOG ?? terminationLog, error.problems);
    giveUp(error.message);
    process.exitCode = 1;
  }
}

function configure(role: Service): Config | undefined {
  try {
    return loadConfig(role, surroundings());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    giveUp(error.message);
    return undefined;
  }
}

/** A container's user may have no entry in /etc/passwd, and so no home. */
function home(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

function giveUp(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = EX_CONFIG;
}

async function run(config: Config): Promise<void> {
  const { logger, files } = await startLog(config);
  // Node would print the error as it is; the logger takes tokens out.
  process.on("uncaughtException", (error) => crash(logger, error));
  const ignored = setWithoutEffect(process.env);
  if (ignored !== undefined) logger.warn({ variables: ignored }, "these variables have no effect here");
  const different = setWithOtherMeaning(process.env);
  if (different !== undefined) logger.info({ variables: different }, "these variables mean something else here");
  const { ended: signalled, reloads, snapshots } = listenForSignals();
  const registry = createRegistry();
  const metrics = await startMetrics(config, registry);
  const running = await start(config, logger, registry);
  const addresses = { ...running.addresses, ...(metrics && { metrics: metrics.url }) };
  logger.info({ role: config.role, ...addresses }, "ready to work");
  const over = new AbortController();
  reloads.become(() => reload({ ...config.log, running, logger, readFile: readSmallFile }));
  snapshots.become(() => snapshotHeap({ ...config, ...world, logger, signal: over.signal }));
  const left = running.ended?.then((reason) => logger.info({ reason }, "ending"));
  const signal = await Promise.race([signalled, ...(left === undefined ? [] : [left])]);
  if (signal !== undefined) logger.info({ signal }, "signal received");
  const delayMs = "http" in config ? config.http.shutdownDelayMs : 0;
  over.abort();
  await shutDown(running, { delayMs, timeoutMs: config.shutdownTimeoutMs }, logger);
  await Promise.all([metrics?.close(), snapshots.idle()]);
  logger.info("stopped");
  if (files !== undefined) await closeLogFiles(files);
  process.exit(0);
}

async function startLog({ role, log, logFiles, service }: Config) {
  // What a client of stdio reads are messages and nothing else.
  const destination = role === "stdio" ? { destination: process.stderr } : {};
  const files =
    logFiles &&
    (await openLogFiles(logFiles, (news) => {
      if ("lines" in news) logger.warn(news, "lines were left out of a log file; it is written again");
      else logger.error(news, "a log file cannot be written: lines are left out until it can");
    }));
  const logger = createLogger({ ...log, service, files, ...destination });
  if (files !== undefined) for (const file of Object.values(files)) process.on("exit", () => file.finish());
  return { logger, files };
}

async function startMetrics(config: Config, registry: ReturnType<typeof createRegistry>) {
  const { enabled, host, port } = config.metrics;
  if (!enabled) return undefined;
  const allowedHosts = "http" in config ? config.http.access.allowedHosts : undefined;
  const listener = { host, port, hostVariable: "METRICS_HOST", portVariable: "METRICS_PORT" };
  return listening(startMetricsServer(registry, { host, port, allowedHosts }), listener);
}

/** Loads only the role's own code: a server needs no database, a bridge no MCP. */
async function start(config: Config, logger: Logger, registry: ReturnType<typeof createRegistry>): Promise<Running> {
  switch (config.role) {
    case "serve":
      return (await import("./roles/serve.ts")).serve(config, logger, registry, world);
    case "bridge":
      return (await import("./roles/bridge.ts")).bridge(config, logger, registry, world);
    case "stdio":
      return (await import("./roles/stdio.ts")).stdio(config, logger, registry, world);
    case "standalone":
      return (await import("./roles/standalone.ts")).standalone(config, logger, registry, world);
  }
}

/**
 * Listens for every signal from the start: by default each of them would end the process. SIGHUP from a terminal says that
 * it was closed; otherwise it asks for a reload.
 */
function listenForSignals() {
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  const reloads = new AskedWork();
  const snapshots = new AskedWork();
  const hasTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  let count = 0;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      count += 1;
      // A second one means that somebody does not want to wait.
      if (count > 1) process.exit(1);
      end(signal);
    });
  }
  process.on("SIGHUP", () => (hasTerminal ? end("SIGHUP") : reloads.ask()));
  process.on("SIGUSR2", () => snapshots.ask());
  return { ended, reloads, snapshots };
}

function crash(logger: Logger, error: unknown): never {
  logger.fatal({ err: error }, "unexpected error");
  process.exit(1);
}

main(process.argv[2]).catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(redact(`${message}\n`));
  process.exit(error instanceof StartError ? EX_CONFIG : EX_SOFTWARE);
});
