import { bundle } from "../../images/bundle.ts";
import { imageName, imageNames } from "../../images/names.ts";
import { buildImages } from "../../images/project-images.ts";
import { run } from "../../machine/command.mjs";
import { installPackages } from "../../machine/debian-packages.mjs";
import * as prerequisites from "../../machine/prerequisites.mjs";
import { progress } from "../../machine/progress.mjs";
import { down, otherUser, up } from "../cluster/cluster.ts";
import { hasPauseImage } from "../cluster/images.ts";
import { nodePrograms, type ProgramName } from "../cluster/program-table.ts";
import { missingPrograms, programs, withoutRelease } from "../cluster/programs.ts";
import { type Releases, releasesOf } from "../cluster/releases.ts";
import { clusterIP, installTelegram, telegramNamespace } from "../installation.ts";
import { localTarget } from "../kubectl.ts";
import { connectionOf } from "../mcp.ts";
import { startRelay } from "../telegram-relay.ts";
import type { Account } from "./account.ts";
import { demonstrate, GREETING } from "./demonstration.ts";
import type { Stage } from "./ending.ts";
import { availableEngines } from "./engine.ts";
import { applyQuickstart, firstMessageIn, quickstart, type Started } from "./quickstart.ts";

/** What prevents a cluster on this machine; everything else works. */
export class Obstacle extends Error {}

/** Starts the local Kubernetes cluster, installs, and sends a message. An Obstacle says what the machine lacks. */
export async function startLocalCluster(stage: Stage, account: Account | undefined): Promise<Started> {
  await prepareMachine();
  await programs([...nodePrograms, "helm"]);
  await bundle();
  await buildImages();
  stage.onEnd(removeCluster);
  const cluster = await up({ nodes: 1, keepsLogs: () => !stage.signal.aborted });
  await progress.step("load images", async () => {
    for (const name of imageNames) await cluster.load(imageName(name));
  });
  const target = localTarget(cluster);
  const telegramApiUrl = account
    ? (await startRelay(cluster.host ?? "127.0.0.1", account.apiUrl ? new URL(account.apiUrl) : undefined)).url
    : await progress.step("start the stand-in for Telegram", () => installTelegram(target));
  await applyQuickstart(target, { images: { tag: "dev" }, account, telegramApiUrl });
  const { namespace, resource } = quickstart;
  const url = `http://${await clusterIP(target, namespace, `${resource}-mcp-server`)}:8080/mcp`;
  const connection = await connectionOf(target, quickstart);
  const log = account ? undefined : `http://${await clusterIP(target, telegramNamespace, "telegram")}:8081/log`;
  await demonstrate({
    url,
    key: connection.key,
    message: `${GREETING} on Kubernetes`,
    signal: stage.signal,
    ...(log === undefined ? {} : { received: () => firstMessageIn(log, GREETING) }),
  });
  return { kubeconfig: cluster.kubeconfig, url, connection };
}

async function prepareMachine(): Promise<void> {
  const releases = await releasesOf();
  const missing = await missingPrograms([...nodePrograms, "helm"], releases);
  if (missing.length > 0) await tellEngines();
  const machine = await inspect(missing, releases);
  if (prerequisites.obstacles("nodes", machine).length > 0) {
    throw new Obstacle(prerequisites.explain("nodes", machine));
  }
  const packages = prerequisites.missingPackages("nodes", machine);
  await progress.step("Debian packages", async (control) => {
    if (packages.length === 0) return control.cached();
    await installPackages(packages, control).catch((error: Error) => {
      throw new Obstacle(`${error.message}\n${prerequisites.afterFailedInstall("nodes")}`, { cause: error });
    });
  });
}

/** Go is not required if everything that it would build is cached. */
async function inspect(missing: readonly ProgramName[], releases: Releases): Promise<prerequisites.Machine> {
  const machine = prerequisites.inspectMachine();
  const compiler = machine.go || ((await withoutRelease(missing, releases)).length === 0 && (await hasPauseImage()));
  return { ...machine, go: compiler };
}

/** A container engine is used only with consent; a line says that one is available. */
async function tellEngines(): Promise<void> {
  const [engine] = await availableEngines(run);
  if (engine === undefined) return;
  progress.note(
    `        ${engine} is here: npm start -- --engine ${engine} makes the cluster from ready images, faster than compiling it`,
  );
}

async function removeCluster(): Promise<void> {
  // Another process may have been faster: its cluster stays.
  if (otherUser() !== undefined) return;
  await progress.step("remove the local cluster", () => down());
  // An interrupted step may have started something after that; the process exits before it can do so again.
  await down();
}
