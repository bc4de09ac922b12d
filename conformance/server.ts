/**
 * Takes the place of the server image's program in tests of conformance: the role `serve` has the suite's fixtures beside
 * the product's features, and is configured by the same variables; every other role is the product's own.
 */
import { randomUUID } from "node:crypto";
import { readSmallFile } from "../config/small-file.ts";
import { loadConfig, type ServeConfig } from "../server/config/config.ts";
import { shutDown } from "../server/process/shutdown.ts";
import { serve } from "../server/roles/serve.ts";
import { createLogger } from "../server/telemetry/logger.ts";
import { createRegistry } from "../server/telemetry/metrics.ts";
import { features } from "./fixtures/features.ts";

if (process.argv[2] === "serve") await run();
else await import("../server/main.ts");

async function run(): Promise<void> {
  const config = loadConfig("serve", {
    env: process.env,
    home: process.env.HOME,
    readFile: readSmallFile,
  }) as ServeConfig;
  const logger = createLogger({ level: config.log.level, service: config.service });
  const world = { clock: Date.now, newId: randomUUID };
  const running = await serve(config, logger, createRegistry(), world, features);
  logger.info({ role: config.role, ...running.addresses }, "ready to work");
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, async () => {
      await shutDown(running, { delayMs: config.http.shutdownDelayMs, timeoutMs: config.shutdownTimeoutMs }, logger);
      process.exit(0);
    });
  }
}
