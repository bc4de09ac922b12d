/** `npm start`: first a message without a cluster, then the cluster. */
import { parseArgs } from "node:util";
import { duration } from "../../machine/step-line.mjs";
import { assertUnused } from "../cluster/cluster.ts";
import type { Images } from "../installation.ts";
import { type Account, AccountError, accountOf } from "./account.ts";
import { runUntilStopped, type Stage } from "./ending.ts";
import { type EngineName, engineNames } from "./engine.ts";
import { assertEngine, startEngineCluster } from "./engine-cluster.ts";
import { removal, startInContext } from "./existing-cluster.ts";
import { firstResult } from "./first-result.ts";
import { kept } from "./kept.ts";
import { Obstacle, startLocalCluster } from "./local-cluster.ts";
import { nextSteps } from "./quickstart.ts";
import type { Standalone } from "./standalone.ts";

const usage = `Usage: npm start [-- --no-cluster | --engine docker|podman | --context NAME [--images PREFIX] [--tag TAG]]

Without options: starts server and bridge standing alone and sends a message; then brings up a local Kubernetes, installs the
operator, applies examples/quickstart.yaml and sends a message there. Ctrl-C ends and removes everything, at any time.

  --no-cluster      only the first part
  --engine NAME     make the cluster in this container engine, docker or podman, with kind; it needs neither root nor Linux
  --context NAME    use the existing cluster of this kubectl context; it must be able to pull the images
  --images PREFIX   their names are PREFIXoperator, PREFIXserver and PREFIXtelegram (default: cctelegram/)
  --tag TAG         their tag (default: the chart's version; of telegram "dev")

With TELEGRAM_BOT_TOKEN and TELEGRAM_ALLOWED_USERS set, messages go to the real Telegram.
`;

// sysexits.h: wrong arguments, wrong configuration. Starting again will not help.
const EX_USAGE = 64;
const EX_CONFIG = 78;

/** setup.mjs passes its start time: the installation is part of the time that a person waits. */
const startedAt = Number(process.env.CCTELEGRAM_STARTED) || Date.now();
const elapsed = () => duration(Date.now() - startedAt);

class UsageError extends Error {}

/** The cluster that follows the first result. */
type Follows = "none" | "local" | EngineName;

type Options = { readonly context?: string; readonly images: Images; readonly follows: Follows };

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exitCode = error instanceof AccountError ? EX_CONFIG : error instanceof UsageError ? EX_USAGE : 1;
}
process.exit();

async function main(): Promise<number> {
  const options = parse();
  if (options === undefined) return 0;
  const account = accountOf(process.env);
  const { context, images, follows } = options;
  if (context !== undefined) {
    await startInContext(context, images, account);
    console.log(`\nReady after ${elapsed()}. ${removal(context, account)}`);
    return 0;
  }
  if (follows === "local") assertUnused();
  else if (follows !== "none") await assertEngine(follows);
  const code = await runUntilStopped((stage) => start(stage, account, follows));
  console.error(kept());
  return code;
}

function parse(): Options | undefined {
  const { values } = parseArgs({
    options: {
      context: { type: "string" },
      images: { type: "string" },
      tag: { type: "string" },
      engine: { type: "string" },
      "no-cluster": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return void console.log(usage);
  const { context, images, tag, engine } = values;
  const clusters = [context, engine, values["no-cluster"]].filter((value) => value !== undefined);
  if (clusters.length > 1) throw new UsageError("choose one of --no-cluster, --engine and --context");
  if (context === undefined && (images ?? tag) !== undefined) {
    throw new UsageError(
      "--images and --tag go with --context NAME: other clusters get the images that are built here",
    );
  }
  const follows = values["no-cluster"] ? "none" : engine === undefined ? "local" : engineName(engine);
  return { ...(context === undefined ? {} : { context }), images: { prefix: images, tag }, follows };
}

function engineName(text: string): EngineName {
  const name = engineNames.find((candidate) => candidate === text);
  if (name === undefined) throw new UsageError(`--engine ${text}: choose ${engineNames.join(" or ")}`);
  return name;
}

async function start(stage: Stage, account: Account | undefined, follows: Follows): Promise<void> {
  const standalone = await firstResult({ stage, account });
  const shown = account ? "" : " What Telegram receives is shown here.";
  if (follows === "none") {
    console.log(`First message after ${elapsed()}. It runs until Ctrl-C.${shown}`);
    return untilStoppedOrFailed(stage, standalone);
  }
  console.log(`First message after ${elapsed()}. Try it while the cluster is being built.${shown}\n`);
  const cluster = follows === "local" ? startLocalCluster(stage, account) : startEngineCluster(stage, account, follows);
  const started = await cluster.catch((error: unknown) => {
    if (error instanceof Obstacle) return error;
    throw error;
  });
  if (started instanceof Obstacle) {
    console.log(`\n${started.message}\nThe server standing alone, above, runs until Ctrl-C.${shown}`);
    return untilStoppedOrFailed(stage, standalone);
  }
  await retire(standalone);
  console.log(`\nReady after ${elapsed()}. It runs until Ctrl-C.\n${nextSteps(started)}`);
  await stage.untilStopped();
}

async function untilStoppedOrFailed(stage: Stage, { failed }: Standalone): Promise<void> {
  const failure = await Promise.race([stage.untilStopped(), failed]);
  if (failure && !stage.signal.aborted) throw failure;
}

/** Two bridges with the same bot would not know how much the other one sends. */
async function retire(standalone: Standalone): Promise<void> {
  const left = await standalone.stop();
  const lost = left === 0 ? "" : ` ${left} of its messages had not been delivered.`;
  console.log(
    `\nThe server that stood alone has been stopped: the cluster takes its place, with the URL and key below.${lost}`,
  );
}
