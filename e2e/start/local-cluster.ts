import { bundle } from "../../images/bundle.ts";
import { imageName, imageNames } from "../../images/names.ts";
import { buildImages } from "../../images/project-images.ts";
import { installPackages } from "../../machine/debian-packages.mjs";
import * as prerequisites from "../../machine/prerequisites.mjs";
import { progress } from "../../machine/progress.mjs";
import { type Cluster, down, otherUser, up } from "../cluster/cluster.ts";
import { clusterIP, installTelegram, telegramNamespace } from "../installation.ts";
import { localTarget } from "../kubectl.ts";
import { type Connection, connectionOf } from "../mcp.ts";
import { startRelay } from "../telegram-relay.ts";
import type { Account } from "./account.ts";
import { demonstrate, GREETING } from "./demonstration.ts";
import type { Stage } from "./ending.ts";
import { applyQuickstart, firstMessageIn, quickstart } from "./quickstart.ts";

/** What keeps this machine from a cluster; everything else works. */
export class Obstacle extends Error {}

export type Started = { readonly cluster: Cluster; readonly url: string; readonly connection: Connection };

/** Brings up the local Kubernetes, installs, and sends a message. An Obstacle says what the machine lacks. */
export async function startLocalCluster(stage: Stage, account: Account | undefined): Promise<Started> {
  await prepareMachine();
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
    ...(log === undefined ? {} : { received: () => firstMessageIn(log, GREETING) }),
  });
  return { cluster, url, connection };
}

async function prepareMachine(): Promise<void> {
  const machine = prerequisites.inspectMachine();
  if (prerequisites.obstacles("nodes", machine).length > 0) {
    throw new Obstacle(prerequisites.explain("nodes", machine));
  }
  const missing = prerequisites.missingPackages("nodes", machine);
  await progress.step("Debian packages", async (control) => {
    if (missing.length === 0) return control.cached();
    await installPackages(missing, control).catch((error: Error) => {
      throw new Obstacle(`${error.message}\n${prerequisites.afterFailedInstall("nodes")}`, { cause: error });
    });
  });
}

async function removeCluster(): Promise<void> {
  // Somebody else may have been quicker in the meantime: theirs stays.
  if (otherUser() !== undefined) return;
  await progress.step("remove the local cluster", () => down());
  // A step that was cut short may have started something after that; the process ends before it can again.
  await down();
}

/** What to do with the cluster from here. */
export function nextSteps({ cluster, url, connection }: Started): string {
  const { namespace, resource, client } = quickstart;
  const reachable = connection.configuration.replace(/"url": "[^"]*"/, `"url": "${url}"`);
  const secret = `${resource}-connection-${client}`;
  return `
MCP endpoint, from this machine:  ${url}
API key:                          in Secret ${secret} (${connection.key.slice(0, 4)}…)

  export KUBECONFIG=${cluster.kubeconfig}
  kubectl -n ${namespace} get cctd,pods
  kubectl -n ${namespace} describe cctd ${resource}
  kubectl -n ${namespace} get secret ${secret} -o jsonpath='{.data.key}' | base64 -d

Configuration for an MCP client such as Claude Code (.mcp.json) or Cursor (.cursor/mcp.json):

${reachable}
`;
}
