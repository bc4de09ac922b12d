import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { bundle } from "../../images/bundle.ts";
import { imageName, imageNames } from "../../images/names.ts";
import { run } from "../../machine/command.mjs";
import { progress } from "../../machine/progress.mjs";
import { openAccess } from "../access.ts";
import { stateRoot } from "../cluster/folders.ts";
import { identify, isAlive, type ProcessIdentity } from "../cluster/process-identity.ts";
import { program, programs } from "../cluster/programs.ts";
import { removeIfEmpty } from "../cluster/traces.ts";
import { installTelegram, telegramNamespace } from "../installation.ts";
import { kubeconfigTarget } from "../kubectl.ts";
import { connectionOf } from "../mcp.ts";
import type { Account } from "./account.ts";
import { demonstrate, GREETING } from "./demonstration.ts";
import type { Stage } from "./ending.ts";
import {
  availableEngines,
  buildInEngine,
  clusterExists,
  createCluster,
  deleteCluster,
  type Engine,
  type EngineName,
  KIND_CLUSTER,
  loadFromEngine,
} from "./engine.ts";
import { applyQuickstart, firstMessageIn, quickstart, type Started } from "./quickstart.ts";

const RECORD = join(stateRoot(process.env, process.getuid?.() ?? -1), `kind-${KIND_CLUSTER}.json`);

/** Throws at once if the engine does not answer or another running process uses the cluster. */
export async function assertEngine(name: EngineName): Promise<void> {
  if (!(await availableEngines(run)).includes(name)) {
    throw new Error(`${name} does not answer ("${name} info" fails): start it, or leave --engine out`);
  }
  const owner = ownerOf();
  if (owner && isAlive(owner))
    throw new Error(`the cluster in ${name} is in use by process ${owner.pid}: end that first`);
}

/** Creates a cluster in a container engine, installs, and sends a message. */
export async function startEngineCluster(
  stage: Stage,
  account: Account | undefined,
  name: EngineName,
): Promise<Started> {
  const engine: Engine = { name, kind: await kindProgram(), execute: run };
  await programs(["kubectl", "helm"]);
  const folder = mkdtempSync(join(tmpdir(), "cctelegram-kind-"));
  stage.onEnd(async () => rmSync(folder, { recursive: true, force: true }));
  const kubeconfig = join(folder, "kubeconfig");
  await create(stage, engine, kubeconfig);
  await bundle();
  for (const image of imageNames) {
    await progress.step(`image ${imageName(image)}`, () => buildInEngine(engine, image));
    await progress.step(`load ${imageName(image)}`, () => loadFromEngine(engine, image, folder));
  }
  const target = kubeconfigTarget(kubeconfig);
  const telegramApiUrl = account
    ? account.apiUrl
    : await progress.step("start the stand-in for Telegram", () => installTelegram(target));
  await applyQuickstart(target, { images: { tag: "dev" }, account, telegramApiUrl });
  const { namespace, resource } = quickstart;
  const access = await openAccess(target.helmArguments, [
    { namespace, service: `${resource}-mcp-server`, port: 8080 },
    ...(account ? [] : [{ namespace: telegramNamespace, service: "telegram", port: 8081 }]),
  ]);
  stage.onEnd(() => access.close());
  const [server, telegram] = access.urls;
  const url = `${server}/mcp`;
  const connection = await connectionOf(target, quickstart);
  await demonstrate({
    url,
    key: connection.key,
    message: `${GREETING} on Kubernetes`,
    signal: stage.signal,
    ...(account ? {} : { received: () => firstMessageIn(`${telegram}/log`, GREETING) }),
  });
  return { kubeconfig, url, connection };
}

/** The user's kind, or else ours. */
async function kindProgram(): Promise<string> {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.some((folder) => existsSync(join(folder, "kind"))) ? "kind" : program("kind");
}

/** A cluster that a killed `npm start` left is removed first; a cluster that `npm start` did not create is not touched. */
async function create(stage: Stage, engine: Engine, kubeconfig: string): Promise<void> {
  const left = await clusterExists(engine);
  if (left && ownerOf() === undefined) {
    throw new Error(
      `there is a kind cluster "${KIND_CLUSTER}" that npm start did not make: kind delete cluster --name ${KIND_CLUSTER}`,
    );
  }
  mkdirSync(dirname(RECORD), { recursive: true, mode: 0o700 });
  writeFileSync(RECORD, JSON.stringify(identify(process.pid)));
  stage.onEnd(async () => {
    await progress.step(`remove the cluster in ${engine.name}`, () => deleteCluster(engine, kubeconfig));
    rmSync(RECORD, { force: true });
    removeIfEmpty(dirname(RECORD));
  });
  if (left) await progress.step("remove the earlier cluster", () => deleteCluster(engine, kubeconfig));
  await progress.step(`cluster in ${engine.name}`, () => createCluster(engine, kubeconfig));
}

function ownerOf(): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(RECORD, "utf8")) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
