import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { BackupStatus } from "../../../operator/api/backup.ts";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { apiVersionOf, resourcePath } from "../../../operator/runtime/resource-type.ts";
import { createClaim } from "../deployment/support/disks.ts";
import { disturbedClient } from "../deployment/support/disturbed-client.ts";
import { type PodReport, running } from "../deployment/support/kubelet.ts";
import {
  conditionOf,
  createResource,
  createToken,
  eventually,
  exists,
  readResource,
  untilAnnounced,
  untilCondition,
  untilSettled,
  writesOf,
} from "../deployment/support/steps.ts";
import { World } from "../deployment/support/world.ts";
import { endAttempt, resultOf } from "./attempt.ts";

let world: World;

const target = { type: "Volume", volume: { claimName: "backups", path: "here" } };
const usual = { target, retention: { days: 7 } };

beforeAll(async () => {
  world = await World.create("backups");
  world.kubelet.start();
  world.disturb = (client) => disturbedClient(client, loseFirst);
  await createToken(world);
  await createClaim(world, "backups");
  await world.startOperator();
  await createResource(world, "team", { backup: usual });
  await untilSettled(world, "team");
});
afterAll(() => world.dispose());

/** While it is a set, the answer to each request is lost the first time. */
let lost: Set<string> | undefined;
function loseFirst(request: string): "answer lost" | undefined {
  if (lost === undefined || lost.has(request) || !/lost|\/jobs$/.test(request)) return undefined;
  lost.add(request);
  return "answer lost";
}

type Backup = KubernetesObject & { readonly status?: BackupStatus };

const createBackup = (name: string, spec: object = {}, labels: object = {}) =>
  world.post(types.cctelegramBackups, {
    apiVersion: apiVersionOf(types.cctelegramBackups),
    kind: "CCTelegramBackup",
    metadata: { name, labels },
    spec: { deploymentName: "team", ...spec },
  });

const readBackup = (name: string) => world.get<Backup>(types.cctelegramBackups, name);

const untilReason = (name: string, reason: string) =>
  eventually(async () => {
    const backup = await readBackup(name);
    const succeeded = backup.status?.conditions?.find(({ type }) => type === "Succeeded");
    expect(succeeded, JSON.stringify(backup.status)).toMatchObject({ reason });
    return backup;
  });

type Job = KubernetesObject & {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
};
type Container = { readonly env: readonly { readonly name: string; readonly value?: string }[] };

const end = (name: string, exitCode: number, words: object) => endAttempt(world, name, exitCode, words);
const result = (name: string) => resultOf(world, name);

test("a backup is made by one Job, which has what it needs, and is told in both statuses", async () => {
  await createBackup("first");
  await untilReason("first", "Running");
  const job = await world.get<Job>(types.jobs, "first-backup");
  const { env } = job.spec.template.spec.containers[0] ?? { env: [] };
  expect(Object.fromEntries(env.map(({ name, value }) => [name, value]))).toMatchObject({
    BACKUP_NAME: "first",
    BACKUP_OF: `${world.namespace}/team`,
    BACKUP_TARGET: "file:///backup",
    BACKUP_VERIFY: "true",
    BACKUP_RETENTION_DAYS: "7",
  });
  const { data } = await world.get<{ data: Record<string, string> }>(types.secrets, "first-backup");
  expect(Object.keys(data)).toEqual(["cctelegramdeployment.yaml"]);
  expect(await exists(world, types.networkPolicies, "first-backup")).toBe(true);

  await end("first", 0, result("first"));
  const { status } = await untilReason("first", "Succeeded");
  expect(status).toMatchObject({ sizeBytes: 4096, verified: "True", target, location: result("first").location });
  await eventually(async () => {
    expect(await exists(world, types.secrets, "first-backup")).toBe(false);
    expect(await exists(world, types.networkPolicies, "first-backup")).toBe(false);
  });
  await untilCondition(world, "team", "BackupSucceeded", { status: "True", reason: "BackupStored" });
  const { status: told } = await readResource(world, "team");
  expect(told?.backup).toMatchObject({ lastSuccessfulBackup: "first", lastSuccessfulTime: expect.any(String) });
  await untilAnnounced(world, "first", "Succeeded");
});

test("a second one waits for the first, one that fails says why, and another operator repeats neither", async () => {
  await createBackup("runs");
  await untilReason("runs", "Running");
  await createBackup("waits");
  await untilReason("waits", "Waiting");
  expect(await exists(world, types.jobs, "waits-backup")).toBe(false);
  await world.restartOperator();
  await end("runs", 1, { code: "BACKUP_TARGET_FULL", message: "There is no room." });
  const { status } = await untilReason("runs", "Retrying");
  expect(JSON.stringify(status)).toContain("BACKUP_TARGET_FULL: There is no room.");
  // The Job's own limit, so that the test need not wait for all its tries.
  await world.patch(types.jobs, "runs-backup", { spec: { activeDeadlineSeconds: 1 } });
  await untilReason("runs", "BackupFailed");
  await untilCondition(world, "team", "BackupSucceeded", { status: "False", reason: "BackupFailed" });
  await untilReason("waits", "Running");
  await end("waits", 0, result("waits"));
  await untilReason("waits", "Succeeded");
  await untilCondition(world, "team", "BackupSucceeded", { status: "True" });
});

test("of a backup whose every request loses its answer once there is one Job, and another's Job is left alone", async () => {
  lost = new Set();
  onTestFinished(() => {
    lost = undefined;
  });
  await createBackup("lost");
  await untilReason("lost", "Running");
  await end("lost", 0, result("lost"));
  await untilReason("lost", "Succeeded");
  await eventually(async () => expect(await exists(world, types.secrets, "lost-backup")).toBe(false));
  expect([...lost].map((request) => request.replace(world.namespace, "NAMESPACE")).sort()).toEqual([
    "apply cctelegrambackups/lost/status",
    "apply networkpolicies/lost-backup",
    "apply secrets/lost-backup",
    "delete networkpolicies/lost-backup",
    "delete secrets/lost-backup",
    "post namespaces/NAMESPACE/jobs",
  ]);
  const found = await world.client.list(resourcePath(types.pods, world), {
    labelSelector: "cctelegram.io/backup=lost",
  });
  expect(found).toHaveLength(1);

  const { spec } = await world.get<Job>(types.jobs, "lost-backup");
  const { restartPolicy, containers } = spec.template.spec as Record<string, unknown> & typeof spec.template.spec;
  const securityContext = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };
  const template = {
    spec: { restartPolicy, containers: containers.map((one) => ({ ...one, volumeMounts: [] })), securityContext },
  };
  await world.post(types.jobs, { metadata: { name: "theirs-backup" }, spec: { suspend: true, template } });
  await createBackup("theirs");
  const { status } = await untilReason("theirs", "ChildRefused");
  expect(JSON.stringify(status)).toContain("another Job has the name theirs-backup");
  await world.delete(types.cctelegramBackups, "theirs");
});

/** Half a day from now, so that no run comes during a test. */
const hour = (new Date().getUTCHours() + 12) % 24;

test("a missed run of the schedule is made up for once, also by two operators one after the other, and old ones are deleted", async () => {
  await world.patch(types.cctelegramDeployments, "team", { spec: { backup: { schedule: `0 ${hour} * * *` } } });
  const nextTime = async () => (await readResource(world, "team")).status?.backup?.nextScheduledTime ?? "";
  const next = await eventually(async () => {
    expect(await nextTime()).not.toBe("");
    return nextTime();
  });
  await world.stopOperator();
  const nextScheduledTime = new Date(Date.parse(next) - 3 * 86_400_000).toISOString();
  await world.patch(types.cctelegramDeployments, "team", { status: { backup: { nextScheduledTime } } }, "status");
  await createOld("team-202001010200");
  await world.startOperator();
  const path = resourcePath(types.cctelegramBackups, { namespace: world.namespace });
  const scheduled = async () => {
    const found = await world.client.list(path, { labelSelector: "cctelegram.io/scheduled-by=team" });
    return found.map(({ metadata }) => metadata.name ?? "");
  };
  const [name = ""] = await eventually(async () => {
    const found = await scheduled();
    expect(found).toEqual([expect.stringMatching(/^team-20[2-9][1-9]\d{8}$/)]);
    return found;
  });
  await untilReason(name, "Running");
  await world.restartOperator();
  expect(await scheduled()).toEqual([name]);
  await end(name, 0, result(name));
  await untilReason(name, "Succeeded");
  await eventually(async () => expect(await nextTime()).toBe(next));
});

/** A backup of the schedule that failed long ago. */
async function createOld(name: string): Promise<void> {
  const labels = { "cctelegram.io/scheduled-by": "team" };
  await createBackup(name, {}, labels);
  const time = "2020-01-01T02:00:00Z";
  const condition = { type: "Succeeded", status: "False", reason: "BackupFailed", message: "no room" };
  const conditions = [{ ...condition, lastTransitionTime: time }];
  await world.patch(types.cctelegramBackups, name, { status: { completionTime: time, conditions } }, "status");
}

test("a new resource starts with a backup, says what keeps it from that, and never takes another one", async () => {
  await createResource(world, "copy", { restoreFrom: { backupName: "later" } });
  await untilCondition(world, "copy", "Restored", { status: "False", reason: "BackupNotFound" });
  expect(await exists(world, types.statefulSets, "copy-bridge")).toBe(false);
  await createBackup("later");
  await untilReason("later", "Running");
  await untilCondition(world, "copy", "Restored", { status: "False", reason: "BackupNotFinished" });
  await end("later", 0, result("later"));
  await untilReason("later", "Succeeded");

  type Set = { spec: { template: { spec: { initContainers: readonly Container[] } } } };
  const set = await eventually(() => world.get<Set>(types.statefulSets, "copy-bridge"));
  const [init] = set.spec.template.spec.initContainers;
  expect(init?.env).toContainEqual({ name: "RESTORE_SOURCE", value: result("later").location });
  await untilCondition(world, "copy", "Restored", { status: "True" });
  const another = world.patch(types.cctelegramDeployments, "copy", { spec: { restoreFrom: { backupName: "first" } } });
  await expect(another).rejects.toThrow("restoreFrom is for new resources");
});

/** The bridge's pods of a resource cannot fill their volume, and all others run. */
const refusing =
  (resource: string): PodReport =>
  (pod) => {
    if (pod.metadata.name !== `${resource}-bridge-0`) return running(pod);
    const message = JSON.stringify({ code: "BACKUP_BROKEN", message: "It is damaged. Nothing was restored." });
    const terminated = { exitCode: 1, message, startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:00:01Z" };
    const state = { waiting: { reason: "CrashLoopBackOff" } };
    const init = { name: "restore", image: "", imageID: "", ready: false, restartCount: 3, state };
    return { phase: "Pending", initContainerStatuses: [{ ...init, lastState: { terminated } }] };
  };

test("a restore that is refused says the code and what to do, in Ready too", async () => {
  await world.kubelet.report(refusing("broken"));
  await createResource(world, "broken", { restoreFrom: { target, archive: "another/team/nightly" } });
  const wanted = {
    status: "False" as const,
    reason: "RestoreRefused",
    message: expect.stringContaining("BACKUP_BROKEN: It is"),
  };
  await untilCondition(world, "broken", "Restored", wanted);
  await untilCondition(world, "broken", "Ready", wanted);
  await untilCondition(world, "broken", "Stalled", { status: "True", reason: "RestoreRefused" });
  await world.delete(types.cctelegramDeployments, "broken");
});

test("a backup that asks for secrets in the clear is refused, and so is a change of one", async () => {
  await expect(createBackup("clear", { content: ["Secrets"] })).rejects.toThrow("content Secrets needs encryption");
  const change = world.patch(types.cctelegramBackups, "first", { spec: { verify: "Disabled" } });
  await expect(change).rejects.toThrow("a backup is made once and cannot change");
});

test("at rest nothing is written", async () => {
  await untilSettled(world, "team");
  await eventually(async () => {
    await world.audit.reset();
    await world.restartOperator(2);
    expect((await writesOf(world)).filter((write) => !write.includes(" events "))).toEqual([]);
  });
  expect(conditionOf(await readResource(world, "team"), "BackupSucceeded")?.status).toBe("True");
});
