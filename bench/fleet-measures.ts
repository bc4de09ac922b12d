import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../e2e/cluster/wait.ts";
import * as types from "../operator/deployment/resource-types.ts";
import type { Client } from "../operator/runtime/client.ts";
import { type AuditEntry, isRead, isWrite } from "./audit-log.ts";
import { apiServerCpuSeconds, hurryControllers } from "./control-plane.ts";
import { countAll, countOf, inParallel, makePodsReady, nameOf, readyCount, remove } from "./fleet.ts";
import type { OperatorProcess } from "./operator-process.ts";
import type { Peer } from "./peer.ts";
import { measureBeside, type PeerRun, reconcileTime } from "./peer-measures.ts";
import {
  byVerb,
  isCreationOf,
  median,
  ofOperator,
  ours,
  requestsDuring,
  settled,
  type Workbench,
} from "./workbench.ts";

export type FleetOptions = {
  readonly count: number;
  readonly childrenEach: number;
  /** How long pending and ready resources are looked at; 0 leaves out all but creation and deletion. */
  readonly minutes: number;
  /** Seconds until the children existed, in runs before this one: the machine is not equally fast each time. */
  readonly earlier: readonly number[];
  /** How long the bare loop took for the same children, each time just before a run. */
  readonly bare: readonly number[];
  /** Seconds in which the garbage collector alone deleted as many resources; none when that was not measured. */
  readonly floors: readonly number[];
  /** What other operators needed for as many resources, each time just before a run. */
  readonly peerRuns: readonly PeerRun[];
};

/** Many resources: created, left alone, made ready, left alone, operator restarted, deleted. */
export async function measureFleet(bench: Workbench, options: FleetOptions): Promise<void> {
  const { report } = bench;
  const operator = await startOperator(bench);
  const before = await countAll(bench.client);
  report.measure("0: RSS", operator.rss(), "MiB");
  await measureCreation(bench, operator, options);
  if (options.minutes > 0) await measureIdle(bench, operator, `${options.count}: pending`, options.minutes);
  await hurryControllers(bench.cluster);
  // What is deleted while pods are still made of it costs more, and StatefulSets leave claims behind.
  await settled(bench);
  const last = options.minutes > 0 ? await measureQuiet(bench, operator, options) : operator;
  await measureDeletion(bench, options, before);
  await last.stop();
}

/** Seconds until the children of so many resources exist, and nothing else. */
export async function timeCreation(bench: Workbench, count: number, childrenEach: number): Promise<number> {
  await startOperator(bench);
  return (await createFleet(bench, { ...ours, childrenEach }, count)).children;
}

/** The same by another operator, with what it has used. */
export async function timePeer(bench: Workbench, peer: Peer, count: number): Promise<PeerRun> {
  const started = await bench.startPeer(peer);
  await delay(5_000);
  const { children, apiServerCpu, entries } = await createFleet(bench, peer, count);
  const metrics = await started.metrics();
  return {
    name: peer.name,
    childrenEach: peer.childrenEach,
    seconds: children,
    cpuSeconds: started.cpuSeconds(),
    apiServerCpu,
    peakRss: started.peakRss(),
    requests: entries.filter((entry) => entry.agent === peer.agent && (isWrite(entry) || isRead(entry))).length / count,
    reconcileP99: metrics.quantile(reconcileTime, 0.99) * 1000,
  };
}

async function startOperator(bench: Workbench): Promise<OperatorProcess> {
  const operator = await bench.startOperator();
  await delay(5_000); // by then the namespace has what the control plane puts into each
  return operator;
}

const namesOf = (count: number) => Array.from({ length: count }, (_, index) => nameOf(index));

/** Creates the resources and waits for their children. Times are seconds since the first request, by the audit log. */
async function createFleet(
  { audit, client, cluster }: Workbench,
  { agent, resources, childrenEach, create }: Pick<Peer, "agent" | "resources" | "childrenEach" | "create">,
  count: number,
) {
  const isCreation = isCreationOf(agent);
  audit.clear();
  const cpuBefore = apiServerCpuSeconds(cluster);
  await inParallel(namesOf(count), (name) => create(client, name));
  await audit.wait(count * childrenEach, isCreation, `${count * childrenEach} children`, 3_600_000);
  const apiServerCpu = apiServerCpuSeconds(cluster) - cpuBefore;
  const entries = audit.entries();
  const creations = entries.filter(({ verb, resource }) => verb === "create" && resource === resources);
  const startedAt = Math.min(...creations.map(({ receivedAt }) => receivedAt));
  const made = entries.filter(isCreation);
  const until = (some: readonly AuditEntry[]) =>
    (some.reduce((last, { answeredAt }) => Math.max(last, answeredAt), 0) - startedAt) / 1000;
  return {
    entries,
    resources: until(creations),
    deployments: until(made.filter(({ resource }) => resource === "deployments")),
    children: until(made),
    apiServerCpu,
  };
}

async function measureCreation(bench: Workbench, operator: OperatorProcess, options: FleetOptions) {
  const { report } = bench;
  const { count, childrenEach, earlier, bare, peerRuns } = options;
  const cpuBefore = operator.cpuSeconds();
  const { entries, resources, deployments, children, apiServerCpu } = await createFleet(
    bench,
    { ...ours, childrenEach },
    count,
  );
  const cpu = operator.cpuSeconds() - cpuBefore;

  const title = (measure: string) => `${count}: ${measure}`;
  const runs = [...earlier, children];
  const seconds = median(runs);
  const target = (value: string) => (count >= 1000 ? { target: value } : {});
  const besides = (value: (seconds: number) => number) => (bare.length > 0 ? { bare: value(median(bare)) } : {});
  report.measure("children per resource", childrenEach, "");
  report.measure(title("all resources created"), resources, "s");
  report.measure(title("all Deployments"), deployments, "s");
  report.measure(title("all children"), seconds, "s", { ...target("60 s"), ...besides((bare) => bare) });
  const total = count * childrenEach;
  const perSecond = { ...target("270 1/s"), ...besides((bare) => total / bare) };
  report.measure(title("children per second"), total / seconds, "1/s", perSecond);
  report.measure(title("all children, runs"), runs.length, "");
  report.measure(
    title("all children, fastest run"),
    Math.min(...runs),
    "s",
    besides(() => Math.min(...bare)),
  );
  report.measure(
    title("all children, slowest run"),
    Math.max(...runs),
    "s",
    besides(() => Math.max(...bare)),
  );
  report.measure(title("operator CPU until the children exist"), cpu, "s");
  const mine = entries.filter((entry) => ofOperator(entry) && (isWrite(entry) || isRead(entry)));
  const requests = mine.length / count;
  report.measure(title("requests per resource until the children exist"), requests, "");
  const reconcileP99 = (await operator.metrics()).quantile(reconcileTime, 0.99) * 1000;
  const peakRss = operator.peakRss();
  const own = { seconds, cpuSeconds: cpu, apiServerCpu, peakRss, requests, reconcileP99, childrenEach };
  measureBeside(report, title, peerRuns, own);

  await settled(bench);
  const all = bench.audit.entries().filter(ofOperator);
  for (const [verb, requests] of Object.entries(byVerb(all))) {
    report.measure(title(`requests per resource, ${verb}`), requests / count, "");
  }
  const direct = all.filter((entry) => isWrite(entry) || isRead(entry)).length;
  report.measure(title("requests per resource until settled"), direct / count, "", { target: `${childrenEach + 2}` });
  report.measure(title("operator CPU until settled"), operator.cpuSeconds() - cpuBefore, "s");
  await measureReconciles(bench, operator, count);
  report.measure(title("RSS"), operator.rss(), "MiB", { target: "110 MiB" });
  report.measure(title("peak RSS"), operator.peakRss(), "MiB", { target: "110 MiB" });
}

async function measureReconciles({ report }: Workbench, operator: OperatorProcess, count: number): Promise<void> {
  const metrics = await operator.metrics();
  report.measure(`${count}: reconciles per resource`, metrics.sum("controller_runtime_reconcile_total") / count, "");
  report.measure(`${count}: reconcile p50`, metrics.quantile(reconcileTime, 0.5) * 1000, "ms");
  report.measure(`${count}: reconcile p99`, metrics.quantile(reconcileTime, 0.99) * 1000, "ms");
}

/** Becoming ready, ready, pods that stop answering, restart. Returns the operator that runs at the end. */
async function measureQuiet(
  bench: Workbench,
  operator: OperatorProcess,
  options: FleetOptions,
): Promise<OperatorProcess> {
  const { report, client, pods } = bench;
  const { count, minutes } = options;
  const becoming = await requestsDuring(bench, async () => {
    await makePodsReady(client);
    await settled(bench);
  });
  const direct = becoming.filter((entry) => isWrite(entry) || isRead(entry));
  report.measure(`${count}: further requests per resource until ready`, direct.length / count, "", { target: "2" });
  report.measure(`${count}: ready resources`, await readyCount(client), "", { target: `${count}` });
  await measureIdle(bench, operator, `${count}: ready`, minutes);
  report.measure(`${count}: RSS, ready`, operator.rss(), "MiB", { target: "110 MiB" });
  report.measure(`${count}: peak RSS, ready`, operator.peakRss(), "MiB", { target: "110 MiB" });

  pods.answering = false;
  await delay(90_000); // every probe has failed, and for long enough to be asked more rarely
  await settled(bench);
  await measureIdle(bench, operator, `${count}: pods that do not answer`, Math.min(1, minutes));
  pods.answering = true;
  await delay(90_000);
  await settled(bench);

  await operator.stop();
  return measureRestart(bench, options);
}

async function measureIdle(bench: Workbench, operator: OperatorProcess, title: string, minutes: number): Promise<void> {
  const { report, pods } = bench;
  const cpuBefore = operator.cpuSeconds();
  const probesBefore = pods.requests;
  const asked = await requestsDuring(bench, () => delay(minutes * 60_000));
  const perMinute = (entries: readonly AuditEntry[]) => entries.length / minutes;
  report.measure(`${title}, writes per minute`, perMinute(asked.filter(isWrite)), "1/min", { target: "0" });
  report.measure(`${title}, reads per minute`, perMinute(asked.filter(isRead)), "1/min", { target: "0" });
  report.measure(
    `${title}, renewed watches and lists per minute`,
    perMinute(asked.filter((e) => !isWrite(e) && !isRead(e))),
    "1/min",
  );
  report.measure(`${title}, operator CPU`, (operator.cpuSeconds() - cpuBefore) / minutes, "s/min");
  report.measure(`${title}, probes`, (pods.requests - probesBefore) / minutes, "1/min");
}

async function measureRestart(bench: Workbench, { count }: FleetOptions): Promise<OperatorProcess> {
  const { report } = bench;
  let operator: OperatorProcess | undefined;
  let seconds = 0;
  let cpu = 0;
  const asked = await requestsDuring(bench, async () => {
    operator = await bench.startOperator();
    const { startedAt } = operator;
    const reconciled = async () =>
      (await operator!.metrics()).sum("controller_runtime_reconcile_total", 'result="') >= count && Date.now();
    const endedAt = await waitFor(reconciled, { what: "all to be reconciled", timeoutMs: 120_000, everyMs: 200 });
    seconds = (endedAt - startedAt) / 1000;
    cpu = operator.cpuSeconds();
    await delay(60_000);
  });
  const after = operator!;
  report.measure(`${count}: operator restart: writes`, asked.filter(isWrite).length, "", { target: "0" });
  report.measure(`${count}: operator restart: reads`, asked.filter(isRead).length, "");
  report.measure(`${count}: operator restart: lists`, asked.filter(({ verb }) => verb === "list").length, "");
  report.measure(`${count}: operator restart: time`, seconds, "s");
  report.measure(`${count}: operator restart: CPU`, cpu, "s");
  report.measure(`${count}: operator restart: peak RSS`, after.peakRss(), "MiB", { target: "110 MiB" });
  report.measure(`${count}: operator restart: RSS a minute later`, after.rss(), "MiB", { target: "110 MiB" });
  return after;
}

/** Seconds that the garbage collector takes by itself, when no operator looks on. */
export async function timeDeletion(bench: Workbench, count: number, childrenEach: number): Promise<number> {
  const operator = await startOperator(bench);
  const before = await countAll(bench.client);
  await createFleet(bench, { ...ours, childrenEach }, count);
  await hurryControllers(bench.cluster);
  await settled(bench);
  await operator.stop();
  return (await deleted(bench.client, namesOf(count), before)).all;
}

async function measureDeletion(
  { client, report, audit }: Workbench,
  { count, floors }: FleetOptions,
  before: number,
): Promise<void> {
  audit.clear();
  const { resources, all } = await deleted(client, namesOf(count), before);
  report.measure(`${count}: deletion, resources gone`, resources, "s");
  report.measure(`${count}: deletion, all gone`, all, "s", count >= 1000 ? { target: "40 s" } : {});
  if (floors.length > 0) {
    const beside = { reference: median(floors), target: "ratio 1.2" };
    report.measure(`${count}: deletion, beside the garbage collector alone`, all, "s", beside);
  }
  const writes = audit.entries().filter((entry) => ofOperator(entry) && isWrite(entry)).length;
  report.measure(`${count}: deletion, operator's writes per resource`, writes / count, "");
}

/** Deletes resources; seconds until they, and everything that they led to, are gone. */
async function deleted(client: Client, names: readonly string[], before: number) {
  const startedAt = Date.now();
  await inParallel(names, (name) => remove(client, name));
  const elapsed = () => (Date.now() - startedAt) / 1000;
  const gone = async () => (await countOf(client, types.cctelegramDeployments)) === 0 && elapsed();
  const resources = await waitFor(gone, { what: "the resources to go", timeoutMs: 600_000, everyMs: 100 });
  const allGone = async () => (await countAll(client)) <= before && elapsed();
  const all = await waitFor(allGone, { what: "everything to go", timeoutMs: 3_600_000, everyMs: 500 });
  return { resources, all };
}
