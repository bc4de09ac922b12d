import { afterAll, beforeAll, expect, test } from "vitest";
import type { BackupResult } from "../../../contract/backup.ts";
import type { BackupStatus } from "../../../operator/api/backup.ts";
import { backupLabel, scheduledLabel } from "../../../operator/deployment/names.ts";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { apiVersionOf, type ResourceType, resourcePath } from "../../../operator/runtime/resource-type.ts";
import { describeChildren } from "../deployment/support/described.ts";
import { createClaim } from "../deployment/support/disks.ts";
import { disturbedClient, type Fault } from "../deployment/support/disturbed-client.ts";
import { type PodReport, running } from "../deployment/support/kubelet.ts";
import {
  conditionOf,
  createResource,
  createToken,
  eventually,
  readResource,
  untilReady,
  untilSettled,
} from "../deployment/support/steps.ts";
import { World } from "../deployment/support/world.ts";

/*
 * An operator is killed at each single request of a backup, of a restore and of a run of the schedule: before the request, or before
 * its answer. The next operator ends where one ends that nobody kills.
 */

const target = { type: "Volume", volume: { claimName: "backups" } };
const patience = 60_000;

let world: World;

/** A request such as "apply secrets/NAME-backup 1": the first of its kind about the subject. */
type Plan = { readonly request: string; readonly fault: Fault; readonly crashed: () => void };
let plan: Plan | undefined;
/** What the requests are about that count, and how often there was each. */
let subject: { readonly name: string; readonly others: RegExp } = { name: "", others: /^$/ };
let seen = new Map<string, number>();

beforeAll(async () => {
  world = await World.create("crashes");
  await world.kubelet.report(ending);
  world.kubelet.start();
  world.disturb = (client) => {
    let dead = false;
    return disturbedClient(client, (request) => {
      if (dead) return "never sent";
      const { fault, crashed } = planOf(request) ?? {};
      dead = crashed !== undefined;
      crashed?.();
      return fault;
    });
  };
  await createToken(world);
  await createClaim(world, "backups");
  await world.startOperator();
  await createResource(world, "team", { backup: { target } });
  await untilSettled(world, "team");
});
afterAll(() => world.dispose());

function planOf(request: string): Plan | undefined {
  const { name, others } = subject;
  if (name === "" || !(new RegExp(`/${name}(?=-|/|$)`).test(request) || others.test(request))) return undefined;
  const known = request.replace(name, "NAME").replace(world.namespace, "NAMESPACE");
  const count = (seen.get(known) ?? 0) + 1;
  seen.set(known, count);
  if (plan?.request !== `${known} ${count}`) return undefined;
  const found = plan;
  plan = undefined;
  return found;
}

/** Pods of backups succeed at once, all others run. */
const ending: PodReport = (pod) => {
  const backup = pod.metadata.labels?.[backupLabel];
  if (backup === undefined) return running(pod);
  const terminated = { exitCode: 0, reason: "Completed", message: JSON.stringify(resultOf(backup)) };
  const state = {
    terminated: { ...terminated, startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:00:01Z" },
  };
  const status = { name: "backup", image: "", imageID: "", ready: false, restartCount: 0, started: false, state };
  return { phase: "Succeeded", containerStatuses: [status] };
};

const resultOf = (name: string): BackupResult => ({
  location: `file:///backup/tools/team/${name}.cctb`,
  ...{ sizeBytes: 4096, sha256: "a".repeat(64), schemaVersion: 3, durationMs: 1500, messages: 2, verified: true },
});

/** Counts the requests that an act leads to, about a name and others. */
function counting(name: string, others: RegExp): void {
  seen = new Map();
  subject = { name, others };
}

/** The first of each kind: later ones depend on what the caches have heard by then. */
const requests = () => [...seen.keys()].map((known) => `${known} 1`);

/** Does what an operator that dies at a request has to react to, and starts the next one. */
async function crashAt(request: string, fault: Fault, act: () => Promise<unknown>): Promise<void> {
  const crashed = new Promise<void>((resolve) => {
    plan = { request, fault, crashed: resolve };
  });
  await act();
  await Promise.race([
    crashed,
    eventually(() => (plan === undefined ? undefined : Promise.reject(new Error(`nobody sent ${request}`))), patience),
  ]);
  await world.stopOperator();
  await world.startOperator();
}

const faults: readonly Fault[] = ["answer lost", "never sent"];
const faultAt = (index: number): Fault => (index % 2 === 0 ? "answer lost" : "never sent");
let next = 1;

const createBackup = (name: string) =>
  world.post(types.cctelegramBackups, {
    ...{ apiVersion: apiVersionOf(types.cctelegramBackups), kind: "CCTelegramBackup" },
    ...{ metadata: { name }, spec: { deploymentName: "team" } },
  });

/** Everything that there is of a backup, without what differs between two of them. */
async function outcomeOf(name: string): Promise<unknown> {
  const labelSelector = `${backupLabel}=${name}`;
  const all = [types.jobs, types.pods, types.secrets, types.networkPolicies];
  const found = await Promise.all(
    all.map((type: ResourceType) => world.client.list(resourcePath(type, world), { labelSelector })),
  );
  type Backup = KubernetesObject & { readonly status?: BackupStatus };
  const { status = {} } = await world.get<Backup>(types.cctelegramBackups, name);
  const { startTime, completionTime, conditions = [], ...told } = status;
  const team = await readResource(world, "team");
  const text = JSON.stringify({
    objects: all.map(({ plural }, index) => `${found[index]?.length} ${plural}`),
    hasTimes: startTime !== undefined && completionTime !== undefined,
    conditions: conditions.map(({ lastTransitionTime: _, ...condition }) => condition),
    told,
    last: team.status?.backup?.lastSuccessfulBackup,
    succeeded: conditionOf(team, "BackupSucceeded")?.reason,
  });
  return JSON.parse(text.replaceAll(new RegExp(`\\b${name}\\b`, "g"), "NAME"));
}

let ofBackup: readonly string[] = [];
let backedUp: unknown;
const aboutBackups = /\/jobs$|^\w+ cctelegramdeployments\/team\/status$/;

test("a backup without a crash has requests to crash at", async () => {
  counting("b0", aboutBackups);
  await createBackup("b0");
  await eventually(async () => {
    backedUp = await outcomeOf("b0");
    expect(backedUp).toMatchObject({
      objects: ["1 jobs", "1 pods", "0 secrets", "0 networkpolicies"],
      last: "NAME",
      succeeded: "BackupStored",
    });
  }, patience);
  // It is told twice: that it runs, and how it ended.
  ofBackup = [...requests(), "apply cctelegrambackups/NAME/status 2"];
  expect(ofBackup).toEqual(
    expect.arrayContaining([
      "apply secrets/NAME-backup 1",
      "apply networkpolicies/NAME-backup 1",
      "post namespaces/NAMESPACE/jobs 1",
      "apply cctelegrambackups/NAME/status 1",
      "delete secrets/NAME-backup 1",
      "delete networkpolicies/NAME-backup 1",
    ]),
  );
});

test("a crash at each single request of a backup leads to one archive and the same objects", {
  timeout: 400_000,
}, async () => {
  for (const [index, request] of ofBackup.entries()) {
    const name = `b${next++}`;
    counting(name, aboutBackups);
    await crashAt(request, faultAt(index), () => createBackup(name));
    await eventually(
      async () => expect({ request, ...Object(await outcomeOf(name)) }).toEqual({ request, ...Object(backedUp) }),
      patience,
    );
  }
});

const restored = async (name: string) => ({
  children: await describeChildren(world, name),
  reason: conditionOf(await readResource(world, name), "Restored")?.reason,
});
const nothingElse = /^$/;
const createCopy = (name: string) => createResource(world, name, { restoreFrom: { backupName: "b0" } });

test("a crash at each single request of a restore leads to the same objects", async () => {
  counting("r0", nothingElse);
  await createCopy("r0");
  await untilSettled(world, "r0");
  const reference = await restored("r0");
  expect(reference.reason).toBe("Restored");
  const ofRestore = requests();
  expect(ofRestore).toContainEqual(expect.stringMatching(/statefulsets\/NAME-bridge 1$/));
  const names = ofRestore.map((request) => ({ name: `r${next++}`, request }));
  for (const [index, { name, request }] of names.entries()) {
    counting(name, nothingElse);
    await crashAt(request, faultAt(index), () => createCopy(name));
  }
  for (const { name, request } of names) {
    await untilReady(world, name, patience);
    await eventually(
      async () => expect({ request, ...(await restored(name)) }).toEqual({ request, ...reference }),
      patience,
    );
  }
});

test.each(faults)("a crash at the one request of a schedule's run (%s) leads to one backup", async (fault) => {
  const name = `s${next++}`;
  const hour = (new Date().getUTCHours() + 12) % 24;
  await createResource(world, name, { backup: { target, schedule: `0 ${hour} * * *` } });
  const nextRun = await eventually(async () => {
    const time = (await readResource(world, name)).status?.backup?.nextScheduledTime;
    return time ?? Promise.reject(new Error("no run is planned"));
  });
  await world.stopOperator();
  const nextScheduledTime = new Date(Date.parse(nextRun) - 2 * 86_400_000).toISOString();
  await world.patch(types.cctelegramDeployments, name, { status: { backup: { nextScheduledTime } } }, "status");
  counting(name, /\/cctelegrambackups$/);
  await crashAt("post namespaces/NAMESPACE/cctelegrambackups 1", fault, () => world.startOperator());
  const path = resourcePath(types.cctelegramBackups, world);
  const made = () => world.client.list(path, { labelSelector: `${scheduledLabel}=${name}` });
  await eventually(async () => {
    expect(await made()).toHaveLength(1);
    expect((await readResource(world, name)).status?.backup?.nextScheduledTime).toBe(nextRun);
  }, patience);
  await world.restartOperator();
  expect(await made()).toHaveLength(1);
});
