/** `npm run bench:operator [-- --counts 100,1000 --minutes 5 --runs 3 --reference]`: the operator against a real API server, in figures. */
import { mkdtempSync } from "node:fs";
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
import { operatorKubeconfig, referenceKubeconfig } from "./credentials.ts";
import { createNamespace } from "./fleet.ts";
import { measureFleet, type ReferenceRun, timeCreation, timeReference } from "./fleet-measures.ts";
import { measureOnNode } from "./node-measures.ts";
import { OperatorProcess } from "./operator-process.ts";
import { startPods } from "./pods.ts";
import { ReferenceProcess, referenceProgram, writeTemplates } from "./reference.ts";
import { Report } from "./report.ts";
import { measureSingles } from "./single-measures.ts";
import { referenceAgent, type Workbench } from "./workbench.ts";

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
    /** Arguments of the operator's Node, such as "--cpu-prof --cpu-prof-dir=/tmp". */
    "node-args": { type: "string", default: "" },
  },
});
const runs = Math.max(1, Math.trunc(Number(values.runs)) || 1);
const counts = values.counts.split(",").map(Number).filter(Boolean);
const logs = mkdtempSync(join(tmpdir(), "cctelegram-bench-"));
const report = new Report();
const clusterName = "bench";
const benchAgent = "cctelegram-bench";
const pods = await startPods();

const templates = join(logs, "templates.json");
writeTemplates(templates);
const reference = values.reference ? await referenceProgram() : undefined;
await bundle(["operator"]);
if (!values.fleet) await withWorkbench(measureSingles);
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
  const references: ReferenceRun[] = [];
  for (let run = 1; run <= runs; run += 1) {
    if (!values["no-bare"]) bare.push(await withWorkbench((bench) => bareApplies(bench.operatorClient, count)));
    if (reference !== undefined)
      references.push(await withWorkbench((bench) => timeReference(bench, count, childrenEach)));
    if (run < runs) {
      earlier.push(await withWorkbench((bench) => timeCreation(bench, count, childrenEach)));
    } else {
      await withWorkbench((bench) => measureFleet(bench, { count, childrenEach, minutes, earlier, bare, references }));
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
    const audit = new AuditLog(cluster.auditLog, [benchAgent, fieldManager, referenceAgent]);
    const operators: (OperatorProcess | ReferenceProcess)[] = [];
    const startReference = async () => {
      if (reference === undefined) throw new Error("there is no reference without --reference");
      const credentials = await referenceKubeconfig(cluster, logs);
      const log = join(logs, "reference.log");
      const started = await ReferenceProcess.start({ program: reference, kubeconfig: credentials, templates, log });
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
      return await work({ cluster, client, operatorClient, audit, report, pods, startOperator, startReference });
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
