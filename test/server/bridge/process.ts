/** The bridge in a process of its own, so that tests can kill it. The configuration is argv[2], as JSON. */
import { pino } from "pino";
import { Registry } from "prom-client";
import { startBridge } from "../../../server/bridge/bridge.ts";
import { createAudit } from "../../../server/telemetry/audit.ts";
import { memoryInUse } from "../support/memory.ts";

const logger = pino({ level: "info" });
const bridge = await startBridge({
  config: JSON.parse(process.argv[2] ?? "{}"),
  logger,
  audit: createAudit({ enabled: true, content: false, logger, steady: () => performance.now() }),
  registry: new Registry(),
  clock: Date.now,
  version: "test",
  onRestart: () => void bridge.close().then(() => process.exit(0)),
});
process.once("SIGTERM", () => bridge.close().then(() => process.exit(0)));
// Whoever asks, asks for the memory in use.
process.on("message", async () => process.send?.(await memoryInUse()));
process.stdout.write(`${JSON.stringify({ url: bridge.url })}\n`);
