import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import type { Cluster } from "../e2e/cluster/cluster.ts";
import { waitFor } from "../e2e/cluster/wait.ts";
import { clusterIP, restrictedNamespace } from "../e2e/installation.ts";
import { localTarget } from "../e2e/kubectl.ts";
import { connectionOf } from "../e2e/mcp.ts";
import { bundle } from "../images/bundle.ts";
import { imageName } from "../images/names.ts";
import { buildImages } from "../images/project-images.ts";
import { type Progress, progress } from "../machine/progress.mjs";
import type { Programs } from "./programs.ts";

const resource = "conformance";
const client = "suite";
const image = "conformance";
const hostName = "conformance.example.com";
const PODS = 3;

/**
 * Has the operator of a local cluster run three servers with the suite's fixtures behind one Service, which knows no
 * affinity, and their bridge. Disposing of them writes their logs to the folder and deletes their namespace.
 */
export async function startPods(cluster: Cluster, folder: string, steps: Progress = progress): Promise<Programs> {
  await bundle([image], steps);
  await buildImages([image], steps);
  await steps.step(`load ${imageName(image)}`, () => cluster.load(imageName(image)));
  const target = localTarget(cluster);
  const namespace = `conformance-${randomBytes(3).toString("hex")}`;
  await using started = new AsyncDisposableStack();
  started.defer(async () => {
    await cluster.kubectl(["delete", "namespace", namespace, "--wait=false", "--ignore-not-found"]);
  });
  started.defer(() => keepLogs(cluster, namespace, folder));
  const urls = await steps.step(`start ${PODS} servers and a bridge`, async () => {
    await cluster.kubectl(["apply", "-f", "-"], { input: restrictedNamespace(namespace) });
    await cluster.kubectl(["apply", "-f", "-"], { input: JSON.stringify(tokenOf(namespace)) });
    await cluster.kubectl(["apply", "-f", "-"], { input: JSON.stringify(deployment(namespace)) });
    await cluster.kubectl(["-n", namespace, "wait", "--for=condition=Ready", `cctd/${resource}`, "--timeout=3m"]);
    const url = `http://${await clusterIP(target, namespace, `${resource}-mcp-server`)}:8080`;
    await waitFor(() => allAnswer(url), { what: `${PODS} servers behind ${url}`, timeoutMs: 120_000 });
    return [url];
  });
  const { key } = await connectionOf(target, { namespace, resource, client });
  const all = started.move();
  return { urls, key, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** What the pods logged, and what the cluster says of them: whether one was restarted or taken out of the Service. */
async function keepLogs({ kubectl }: Cluster, namespace: string, folder: string): Promise<void> {
  const scope = ["-n", namespace];
  const logs = kubectl([...scope, "logs", "-l", `app.kubernetes.io/instance=${resource}`, "--prefix", "--tail=-1"]);
  const state = kubectl([...scope, "get", "pods,events", "-o", "wide"]);
  for (const [name, text] of [["pods.log", logs] as const, ["pods.txt", state] as const]) {
    await writeFile(join(folder, name), await text.catch((error: Error) => error.message));
  }
}

const tokenOf = (namespace: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace, name: "telegram" },
  stringData: { token: `${100_000 + randomBytes(3).readUIntBE(0, 3)}:AA${randomBytes(16).toString("hex")}` },
});

const deployment = (namespace: string) => ({
  apiVersion: "cctelegram.io/v1alpha1",
  kind: "CCTelegramDeployment",
  metadata: { namespace, name: resource },
  spec: {
    profile: "Development",
    images: { server: imageName(image) },
    telegram: { botTokenSecretRef: { name: "telegram" }, allowedUsers: [1] },
    server: {
      replicas: PODS,
      auth: { clients: [{ name: client, permissions: ["*"] }] },
      // The suite makes some hundred requests a second.
      rateLimit: { requests: 100_000 },
      // A server that knows its names refuses others, which a scenario is about; loopback names, the suite's, are allowed.
      allowedHosts: [hostName],
    },
  },
});

/** Whether connections to the Service come to every server: it is asked many times, each over a connection of its own. */
async function allAnswer(url: string): Promise<boolean> {
  const instances = await Promise.all(Array.from({ length: 10 * PODS }, () => instanceAt(url)));
  return new Set(instances).size === PODS;
}

async function instanceAt(url: string): Promise<string> {
  const asked = get(`${url}/health`, { agent: false, headers: { host: hostName } });
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  const health = (await json(answer)) as { instance?: string };
  if (health.instance === undefined) throw new Error(`${url}/health says ${JSON.stringify(health)}`);
  return health.instance;
}
