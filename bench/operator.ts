/** `npm run bench:operator [-- --counts 100,1000 --minutes 5]`: the operator against a real API server, in figures. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { KubeConfig } from "@kubernetes/client-node";
import { buildImages, bundle } from "../build.ts";
import { type Cluster, up } from "../e2e/cluster/cluster.ts";
import { fieldManager } from "../operator/deployment/names.ts";
import { type Client, createClient } from "../operator/runtime/client.ts";
import { AuditLog } from "./audit-log.ts";
import { bareApplies, bareChildren } from "./bare.ts";
import { prepareControlPlane } from "./control-plane.ts";
import { createNamespace } from "./fleet.ts";
import { measureFleet } from "./fleet-measures.ts";
import { measureOnNode } from "./node-measures.ts";
import { OperatorProcess } from "./operator-process.ts";
import { startPods } from "./pods.ts";
import { Report } from "./report.ts";
import { measureSingles } from "./single-measures.ts";
import type { Workbench } from "./workbench.ts";

const { values } = parseArgs({
  options: {
    counts: { type: "string", default: "100,1000" },
    minutes: { type: "string", default: "5" },
    /** Leaves the measures with one resource out. */
    fleet: { type: "boolean", default: false },
    /** Leaves the measure on a real node out. */
    "no-node": { type: "boolean", default: false },
    /** Leaves the bare loop out. */
    "no-bare": { type: "boolean", default: false },
    /** Arguments of the operator's Node, such as "--cpu-prof --cpu-prof-dir=/tmp". */
    "node-args": { type: "string", default: "" },
  },
});
const counts = values.counts.split(",").map(Number).filter(Boolean);
const logs = mkdtempSync(join(tmpdir(), "cctelegram-bench-"));
const report = new Report();
const clusterName = "bench";
const benchAgent = "cctelegram-bench";
const pods = await startPods();

await bundle(["operator"]);
if (!values.fleet) await withWorkbench(measureSingles);
for (const count of counts) {
  const bare = values["no-bare"] ? undefined : await withWorkbench(({ client }) => bareApplies(client, count));
  const largest = count === Math.max(...counts);
  await withWorkbench((bench) =>
    measureFleet(bench, {
      count,
      childrenEach: bareChildren("a").length,
      minutes: largest ? Number(values.minutes) : 0,
      bareSeconds: bare,
    }),
  );
}
await pods.close();
if (!values["no-node"]) await measureNode();
report.write();

/** Ctrl-C: nothing stays behind. */
function endOn(signal: NodeJS.Signals, cleanUp: () => Promise<unknown>): void {
  process.once(signal, () => void cleanUp().finally(() => process.exit(1)));
}

async function measureNode(): Promise<void> {
  if (process.getuid?.() !== 0) return console.error("not measured: apply to Ready on a node, which needs root");
  await bundle();
  await buildImages();
  await withCluster(1, (cluster, client) => measureOnNode(cluster, client, report));
}

/** A control plane of its own for each part: no part pays for the rubbish of another. */
function withWorkbench<T>(work: (bench: Workbench) => Promise<T>): Promise<T> {
  return withCluster(0, async (cluster, client) => {
    await prepareControlPlane(cluster);
    const audit = new AuditLog(cluster.auditLog, [benchAgent, fieldManager]);
    const operators: OperatorProcess[] = [];
    const startOperator = async () => {
      const operator = await OperatorProcess.start({
        kubeconfig: cluster.kubeconfig,
        main: join(import.meta.dirname, "../dist/operator/main.js"),
        log: join(logs, "operator.log"),
        nodeArgs: values["node-args"].split(" ").filter(Boolean),
      });
      operators.push(operator);
      return operator;
    };
    try {
      await createNamespace(client);
      return await work({ cluster, client, audit, report, pods, startOperator });
    } finally {
      audit.close();
      await Promise.all(operators.map((operator) => operator.stop()));
    }
  });
}

async function withCluster<T>(nodes: 0 | 1, work: (cluster: Cluster, client: Client) => Promise<T>): Promise<T> {
  const cluster = await up({ name: clusterName, nodes });
  for (const signal of ["SIGINT", "SIGTERM"] as const) endOn(signal, () => cluster.down());
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(cluster.kubeconfig);
  const client = createClient({ kubeConfig, userAgent: benchAgent });
  try {
    return await work(cluster, client);
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"]) process.removeAllListeners(signal);
    client.close();
    await cluster.down();
  }
}
