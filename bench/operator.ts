/** `npm run bench:operator [-- --counts 100,1000 --minutes 5 --runs 3 --reference --kmcp]`: the operator against a real API server, in figures. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { KubeConfig } from "@kubernetes/client-node";
import type { Cluster } from "../e2e/cluster/cluster.ts";
import { withCluster } from "../e2e/cluster/with-cluster.ts";
import { bundle } from "../images/bundle.ts";
import { buildImages } from "../images/project-images.ts";
import { fieldManager } from "../operator/deployment/names.ts";
import { type Client, createClient } from "../operator/runtime/client.ts";
import { AuditLog } from "./audit-log.ts";
import { bareApplies, bareChildren } from "./bare.ts";
import { prepareControlPlane } from "./control-plane.ts";
import { operatorKubeconfig, peerKubeconfig } from "./credentials.ts";
import { createNamespace } from "./fleet.ts";
import { measureFleet, timeCreation, timeDeletion, timePeer } from "./fleet-measures.ts";
import { measureOnNode } from "./node-measures.ts";
import { OperatorProcess } from "./operator-process.ts";
import { type Peer, PeerProcess } from "./peer.ts";
import type { PeerRun } from "./peer-measures.ts";
import { startPods } from "./pods.ts";
import { controllerRuntime, kmcp } from "./reference.ts";
import { Report } from "./report.ts";
import { measureSingles, type PeerSingles, timePeerSingles } from "./single-measures.ts";
import type { Workbench } from "./workbench.ts";

const { values } = parseArgs({
  options: {
    counts: { type: "string", default: "100,1000" },
    minutes: { type: "string", default: "5" },
    /** How often the creation is timed, each time after a bare loop. */
    runs: { type: "string", default: "3" },
    /** Leaves the measures with one resource out. */
    fleet: { type: "boolean", default: false },
    /** Leaves the measure on a real node out. */
    "no-node": { type: "boolean", default: false },
    /** Leaves the bare loop out. */
    "no-bare": { type: "boolean", default: false },
    /** Sets an operator by Go's controller-runtime beside it; needs Go. */
    reference: { type: "boolean", default: false },
    /** Times the deletion by the garbage collector alone, too. */
    floor: { type: "boolean", default: false },
    /** Sets kmcp beside it, built from its source; needs Go. */
    kmcp: { type: "boolean", default: false },
    /** Arguments of the operator's Node, such as "--cpu-prof --cpu-prof-dir=/tmp". */
    "node-args": { type: "string", default: "" },
  },
});
const runs = Math.max(1, Math.trunc(Number(values.runs)) || 1);
const counts = values.counts.split(",").map(Number).filter(Boolean);
const logs = mkdtempSync(join(tmpdir(), "cctelegram-bench-"));
// They tell why a run failed; nobody needs those of one that went well or was interrupted.
process.once("exit", (code) => {
  if (code === 0 || code === 130) rmSync(logs, { recursive: true, force: true });
});
const report = new Report("operator");
const clusterName = "bench";
const benchAgent = "cctelegram-bench";
const pods = await startPods();

const peers: readonly Peer[] = [
  ...(values.reference ? [await controllerRuntime(logs)] : []),
  ...(values.kmcp ? [await kmcp()] : []),
];
await bundle(["operator"]);
if (!values.fleet) {
  const singles: PeerSingles[] = [];
  for (const peer of peers) singles.push(await withWorkbench((bench) => timePeerSingles(bench, peer)));
  await withWorkbench((bench) => measureSingles(bench, singles));
}
for (const count of counts) await measureCount(count);
await pods.close();
if (!values["no-node"]) await measureNode();
report.write();

/** In turns, so that what the machine is worth at the time is much the same for both. */
async function measureCount(count: number): Promise<void> {
  const childrenEach = bareChildren("a").length;
  const minutes = count === Math.max(...counts) ? Number(values.minutes) : 0;
  const bare: number[] = [];
  const earlier: number[] = [];
  const peerRuns: PeerRun[] = [];
  const floors = values.floor ? [await withWorkbench((bench) => timeDeletion(bench, count, childrenEach))] : [];
  for (let run = 1; run <= runs; run += 1) {
    if (!values["no-bare"]) bare.push(await withWorkbench((bench) => bareApplies(bench.operatorClient, count)));
    for (const peer of peers) peerRuns.push(await withWorkbench((bench) => timePeer(bench, peer, count)));
    if (run < runs) {
      earlier.push(await withWorkbench((bench) => timeCreation(bench, count, childrenEach)));
    } else {
      await withWorkbench((bench) =>
        measureFleet(bench, { count, childrenEach, minutes, earlier, bare, floors, peerRuns }),
      );
    }
  }
}

async function measureNode(): Promise<void> {
  if (process.getuid?.() !== 0) return console.error("not measured: apply to Ready on a node, which needs root");
  await bundle();
  await buildImages();
  await onCluster(1, (cluster, client) => measureOnNode(cluster, client, report));
}

/** A control plane of its own for each part: no part pays for the garbage of another. */
function withWorkbench<T>(work: (bench: Workbench) => Promise<T>): Promise<T> {
  return onCluster(0, async (cluster, client) => {
    await prepareControlPlane(cluster);
    const kubeconfig = await operatorKubeconfig(cluster, logs);
    const operatorClient = clientOf(kubeconfig);
    const audit = new AuditLog(cluster.auditLog, [benchAgent, fieldManager, ...peers.map(({ agent }) => agent)]);
    const operators: (OperatorProcess | PeerProcess)[] = [];
    const startPeer = async (peer: Peer) => {
      await peer.prepare(cluster);
      const log = join(logs, `${peer.name}.log`);
      const started = await PeerProcess.start(peer, { kubeconfig: await peerKubeconfig(cluster, logs), log });
      operators.push(started);
      return started;
    };
    const startOperator = async () => {
      const operator = await OperatorProcess.start({
        kubeconfig,
        main: join(import.meta.dirname, "../dist/operator/main.js"),
        log: join(logs, "operator.log"),
        nodeArgs: values["node-args"].split(" ").filter(Boolean),
      });
      operators.push(operator);
      return operator;
    };
    try {
      await createNamespace(client);
      return await work({ cluster, client, operatorClient, audit, report, pods, startOperator, startPeer });
    } finally {
      audit.close();
      operatorClient.close();
      await Promise.all(operators.map((operator) => operator.stop()));
    }
  });
}

function onCluster<T>(nodes: 0 | 1, work: (cluster: Cluster, client: Client) => Promise<T>): Promise<T> {
  return withCluster({ name: clusterName, nodes }, async (cluster) => {
    const client = clientOf(cluster.kubeconfig);
    try {
      return await work(cluster, client);
    } finally {
      client.close();
    }
  });
}

function clientOf(kubeconfig: string) {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfig);
  return createClient({ kubeConfig, userAgent: benchAgent });
}
