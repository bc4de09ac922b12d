import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { dump, load } from "js-yaml";
import { bundle } from "../images/bundle.ts";
import { imageName } from "../images/names.ts";
import { buildImages } from "../images/project-images.ts";
import { progress } from "../machine/progress.mjs";
import { onStopped } from "../machine/stopped.ts";
import { type Access, openAccess } from "./access.ts";
import { assertUnused, type Cluster, down, otherUser, up } from "./cluster/cluster.ts";
import { clusterIP, type Images, installOperator, installTelegram, telegramNamespace } from "./installation.ts";
import { contextTarget, localTarget, type Target } from "./kubectl.ts";
import { callTool, connectClient, connectionOf } from "./mcp.ts";
import { startRelay } from "./telegram-relay.ts";

const usage = `Usage: npm start [-- --context NAME [--images PREFIX] [--tag TAG]]

Without options: brings up a local Kubernetes, installs the operator, applies examples/quickstart.yaml and sends a
message. Ctrl-C removes everything.

  --context NAME    use the existing cluster of this kubectl context; it must be able to pull the images
  --images PREFIX   their names are PREFIXoperator, PREFIXserver and PREFIXtelegram (default: cctelegram/)
  --tag TAG         their tag (default: the chart's version; of telegram "dev")

With TELEGRAM_BOT_TOKEN and TELEGRAM_ALLOWED_USERS set, messages go to the real Telegram.
`;

const example = join(import.meta.dirname, "../examples/quickstart.yaml");
const namespace = "cctelegram";
const resource = "team";
const telegram = realTelegram(process.env);

try {
  await main();
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exit(1);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      context: { type: "string" },
      images: { type: "string" },
      tag: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return console.log(usage);
  const started = performance.now();
  if (values.context !== undefined)
    return inContext(values.context, { prefix: values.images, tag: values.tag }, started);
  if (values.images ?? values.tag) {
    throw new Error("--images and --tag go with --context NAME: the local cluster gets the images that are built here");
  }

  assertUnused();
  const signal = untilStopped();
  let failure: Error | undefined;
  await untilAborted(signal, () => inLocalCluster(started, signal)).catch((error: Error) => {
    failure = error;
  });
  if (failure) console.error(`\n${failure.message}`);
  // Somebody else may have been quicker in the meantime: theirs stays.
  if (otherUser() === undefined) {
    await progress.step("remove the local cluster", () => down());
    // A step that was cut short may have started something after that; the process ends before it can again.
    await down();
  }
  process.exit(failure ? 1 : 0);
}

/** Aborts on Ctrl-C, on SIGTERM, and when whoever started this program has gone without a word. */
function untilStopped(): AbortSignal {
  const abort = new AbortController();
  onStopped(() => abort.abort());
  // Signal handlers alone would not keep the process alive.
  setInterval(() => undefined, 2 ** 30);
  return abort.signal;
}

/** Runs the work, and stops waiting for it when the signal aborts; what it left is removed by the caller. */
async function untilAborted(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  await Promise.race([work(), aborted]);
}

async function inLocalCluster(started: number, signal: AbortSignal): Promise<void> {
  await bundle();
  await buildImages();
  const cluster = await up({ nodes: 1 });
  await progress.step("load images", async () => {
    for (const name of ["server", "operator", "telegram"] as const) await cluster.load(imageName(name));
  });
  const target = localTarget(cluster);
  const apiUrl = telegram
    ? (await startRelay(cluster.host ?? "127.0.0.1")).url
    : await progress.step("start the stand-in for Telegram", () => installTelegram(target));
  await install(target, { tag: "dev" }, apiUrl);
  const url = `http://${await clusterIP(target, namespace, `${resource}-mcp-server`)}:8080/mcp`;
  const log = `http://${await clusterIP(target, telegramNamespace, "telegram").catch(() => "")}:8081/log`;
  await demonstrate(target, { url, log });
  printNextSteps(cluster, url, await connectionOf(target, { namespace, resource, client: "claude" }), started);
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

async function inContext(context: string, images: Images, started: number): Promise<void> {
  const target = contextTarget(context);
  await progress.step(`reach the cluster of context ${context}`, () => target.kubectl(["version", "-o", "json"]));
  const apiUrl = telegram
    ? undefined
    : await progress.step("start the stand-in for Telegram", () => installTelegram(target, images));
  await install(target, images, apiUrl);
  const access: Access = await openAccess(context, [
    { namespace, service: `${resource}-mcp-server`, port: 8080 },
    ...(telegram ? [] : [{ namespace: telegramNamespace, service: "telegram", port: 8081 }]),
  ]);
  try {
    await demonstrate(target, { url: `${access.urls[0]}/mcp`, log: `${access.urls[1]}/log` });
  } finally {
    await access.close();
  }
  console.log(`\nReady after ${elapsed(started)}. Everything stays in the cluster; to remove it:\n
  kubectl --context ${context} delete -f examples/quickstart.yaml
  helm --kube-context ${context} -n cctelegram-system uninstall cctelegram-operator${
    telegram ? "" : `\n  kubectl --context ${context} delete namespace ${telegramNamespace}`
  }`);
}

async function install(target: Target, images: Images, telegramApiUrl: string | undefined): Promise<void> {
  await progress.step("install the operator with Helm", () =>
    installOperator(target, { ...images, ...(telegramApiUrl ? { telegramApiUrl } : {}) }),
  );
  await progress.step("apply examples/quickstart.yaml", () =>
    target.kubectl(["apply", "-f", "-"], { input: manifest() }),
  );
  await progress.step("wait until it is Ready", () =>
    target.kubectl(["-n", namespace, "wait", "--for=condition=Ready", `cctd/${resource}`, "--timeout=3m"]),
  );
  console.log(`\n$ kubectl -n ${namespace} get cctd\n${await target.kubectl(["-n", namespace, "get", "cctd"])}`);
}

async function demonstrate(target: Target, { url, log }: { url: string; log: string }): Promise<void> {
  const { key } = await connectionOf(target, { namespace, resource, client: "claude" });
  const client = await connectClient(url, key);
  const answer = await callTool(client, "send_telegram_message", { message: "Hello from CCTelegram on Kubernetes" });
  await client.close();
  console.log(`An MCP client called send_telegram_message:\n${JSON.stringify(answer, null, 2)}`);
  if (telegram) return console.log("\nThe message is in your Telegram.");
  const received = await progress.step("wait for the message at Telegram", () => firstMessage(log));
  console.log(`Telegram received:\n${JSON.stringify(received, null, 2)}`);
}

async function firstMessage(log: string): Promise<unknown> {
  for (let tries = 0; tries < 120; tries += 1) {
    const received = (await (await fetch(log)).json()) as { text?: string }[];
    const message = received.find(({ text }) => text?.includes("Hello from CCTelegram"));
    if (message) return message;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error("the message did not arrive within a minute: see kubectl -n cctelegram logs team-bridge-0");
}

/** The example as it is; with a real bot, its token and users take the places of the placeholders. */
function manifest(): string {
  const text = readFileSync(example, "utf8");
  if (!telegram) return text;
  const documents = text.split(/^---$/m).map((document) => load(document) as Record<string, never>);
  return documents.map((document) => dump(withRealTelegram(document))).join("---\n");
}

type Real = { readonly token: string; readonly users: readonly number[] };

function withRealTelegram(document: Record<string, unknown>): unknown {
  if (document.kind === "Secret") return { ...document, stringData: { token: telegram?.token } };
  if (document.kind !== "CCTelegramDeployment") return document;
  const spec = document.spec as { telegram: object };
  return { ...document, spec: { ...spec, telegram: { ...spec.telegram, allowedUsers: telegram?.users } } };
}

function realTelegram({
  TELEGRAM_BOT_TOKEN: token,
  TELEGRAM_ALLOWED_USERS: users,
}: NodeJS.ProcessEnv): Real | undefined {
  if (!token && !users) return undefined;
  const ids = (users ?? "").split(",").map((id) => Number(id.trim()));
  if (token && ids.every((id) => Number.isSafeInteger(id) && id > 0)) return { token, users: ids };
  console.error(
    "For the real Telegram set both: TELEGRAM_BOT_TOKEN=123456:ABC… TELEGRAM_ALLOWED_USERS=123456789,987654321",
  );
  return process.exit(78);
}

function printNextSteps(
  cluster: Cluster,
  url: string,
  { key, configuration }: { key: string; configuration: string },
  started: number,
): void {
  const reachable = configuration.replace(/"url": "[^"]*"/, `"url": "${url}"`);
  console.log(`
Ready after ${elapsed(started)}. It runs until Ctrl-C.

MCP endpoint, from this machine:  ${url}
API key:                          in Secret ${resource}-connection-claude (${key.slice(0, 4)}…)

  export KUBECONFIG=${cluster.kubeconfig}
  kubectl -n ${namespace} get cctd,pods
  kubectl -n ${namespace} describe cctd ${resource}
  kubectl -n ${namespace} get secret ${resource}-connection-claude -o jsonpath='{.data.key}' | base64 -d

Configuration for an MCP client such as Claude Code (.mcp.json) or Cursor (.cursor/mcp.json):

${reachable}
`);
}

function elapsed(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(0)} s`;
}
