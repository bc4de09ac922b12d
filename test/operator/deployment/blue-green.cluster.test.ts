import { test as base, expect } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import { trackLabel } from "../../../operator/deployment/rollout/tracks.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { resourcePath } from "../../../operator/runtime/resource-type.ts";
import { endAttempt, resultOf } from "../backup/attempt.ts";
import { createClaim } from "./support/disks.ts";
import { addressed, running } from "./support/kubelet.ts";
import { broken, imageCalled, rolloutIn } from "./support/rollouts.ts";
import {
  changeSpec,
  conditionOf,
  createResource,
  createToken,
  eventsOf,
  eventually,
  exists,
  readResource,
  untilAnnounced,
  untilCondition,
  untilSettled,
  writesOfAnotherOperator,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

/** A world with an operator that waits no longer than it has to, and the questions that are asked of its rollout. */
const test = base.extend<{ world: World; rollout: ReturnType<typeof rolloutIn> }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the names of the fixtures that it needs.
  world: async ({}, use) => {
    const world = await World.create("blue-green");
    world.settings = { ...world.settings, lingerMs: 1_000, trialEveryMs: 250 };
    world.kubelet.start();
    await createToken(world);
    await world.startOperator();
    await use(world);
    await world.dispose();
  },
  rollout: ({ world }, use) => use(rolloutIn(world)),
});

const blueGreen = { strategy: "BlueGreen", keepPreviousSeconds: 86_400 } as const;
const autoscaling = { mode: "Enabled", minReplicas: 2, maxReplicas: 6 } as const;
const image = imageCalled;
/** For versions that are to give way alone: others may take longer on a busy machine. */
const [soonGivesUp, patient] = [{ progressDeadlineSeconds: 10 }, { progressDeadlineSeconds: null }];

type Autoscaler = KubernetesObject & { readonly spec: { readonly scaleTargetRef: { readonly name: string } } };

test.concurrent("blue/green: a new version is tried, takes over with its autoscaler, and gives way again when it fails", async ({
  world,
  rollout,
}) => {
  const { trackOf, serversOf, imageOf, bridgeImage, history } = rollout;
  await createResource(world, "team", { server: { autoscaling }, rollout: blueGreen });
  await untilSettled(world, "team");
  await eventually(async () => expect(await trackOf()).toBe("blue"));
  // The autoscaler wanted more than the minimum.
  await world.patch(types.deployments, "team-mcp-server", { spec: { replicas: 4 } }, "scale");
  await eventually(async () => expect((await readResource(world, "team")).status?.servers).toBe("4/4"));

  world.answers.tried = "refusing";
  await world.kubelet.report(running);
  await changeSpec(world, "team", { version: "1.3.0", rollout: { ...blueGreen, promotion: "Manual" } });
  await untilCondition(world, "team", "Stalled", { status: "True", reason: "RolledBack" });
  expect([await trackOf(), await history(), await bridgeImage()]).toEqual([
    "blue",
    "1 Active, 2 RolledBack",
    image("1.2.3"),
  ]);
  await eventually(async () => expect(await exists(world, types.deployments, "team-mcp-server-green")).toBe(false));

  world.answers.tried = "ready";
  await changeSpec(world, "team", { version: "1.4.0" });
  await untilCondition(world, "team", "Progressing", { status: "True", reason: "WaitingForPromotion" });
  await eventually(async () => expect((await serversOf("team-mcp-server-green")).replicas).toBe(4));
  expect([await trackOf(), await imageOf("team-mcp-server"), await bridgeImage()]).toEqual([
    "blue",
    image("1.2.3"),
    image("1.2.3"),
  ]);
  await world.restartOperator();
  await world.patch(types.cctelegramDeployments, "team", {
    metadata: { annotations: { "cctelegram.io/promote": "3" } },
  });
  await eventually(async () => expect(await trackOf()).toBe("green"));
  const settled = await untilSettled(world, "team");
  expect(settled.status).toMatchObject({ servers: "4/4", rollout: { revision: 3, previous: 1, track: "green" } });
  const scaler = await world.get<Autoscaler>(types.horizontalPodAutoscalers, "team-mcp-server");
  expect(scaler.spec.scaleTargetRef.name).toBe("team-mcp-server-green");
  await eventually(async () => expect(await bridgeImage()).toBe(image("1.4.0")));
  await eventually(async () => expect(await exists(world, types.services, "team-mcp-server-preview")).toBe(false));
  await untilSettled(world, "team");

  expect(await writesOfAnotherOperator(world)).toEqual([]);

  world.answers.server = "refusing";
  await eventually(async () => expect(await trackOf()).toBe("blue"));
  world.answers.server = "ready";
  const back = await untilCondition(world, "team", "Degraded", { status: "True", reason: "RolledBack" });
  expect(conditionOf(back, "Degraded")?.message).toContain("the MCP handshake was answered with HTTP 401");
  await untilAnnounced(world, "team", "RolledBack");
  await eventually(async () => expect(await history()).toBe("1 Active, 2 RolledBack, 3 RolledBack"));
  // Its queue may not be readable for the bridge of before.
  expect(await bridgeImage()).toBe(image("1.4.0"));
  await eventually(async () => expect(await exists(world, types.deployments, "team-mcp-server-green")).toBe(false));
});

test.concurrent("a version whose pods count too many errors gives way, before clients reach it and after", async ({
  world,
  rollout,
}) => {
  const { trackOf, bridgeImage, history } = rollout;
  // Every time somebody looks there are ten calls more.
  const [counts, failing] = [new Map<string, number>(), { share: 0 }];
  world.answers.metricsAt = (address) => {
    const calls = (counts.get(address) ?? 0) + 10;
    counts.set(address, calls);
    const labels = 'method="POST",route="/mcp"';
    return [
      `http_requests_total{${labels},status="200"} ${calls}`,
      `http_requests_total{${labels},status="500"} ${calls * failing.share}`,
      `http_request_duration_seconds_bucket{${labels},le="+Inf"} ${calls}`,
    ].join("\n");
  };
  await world.kubelet.report(addressed(running).report);
  const analysis = { durationSeconds: 5, metrics: { maxErrorPercent: 10, minCalls: 5 } };
  await createResource(world, "team", { rollout: { ...blueGreen, analysis } });
  await untilSettled(world, "team");
  await eventually(async () => expect(await trackOf()).toBe("blue"));

  failing.share = 1;
  await changeSpec(world, "team", { version: "1.3.0" });
  await eventually(async () => expect(await history()).toBe("1 Active, 2 RolledBack"));
  const degraded = await untilCondition(world, "team", "Degraded", { status: "True", reason: "RolledBack" });
  const exceeded = "calls with 5xx, more than rollout.analysis.metrics.maxErrorPercent (10) allows";
  expect(conditionOf(degraded, "Degraded")?.message).toContain(exceeded);

  failing.share = 0;
  await changeSpec(world, "team", { version: "1.4.0" });
  await eventually(async () => expect(await trackOf()).toBe("green"));
  await untilSettled(world, "team");
  await eventually(async () => expect(await bridgeImage()).toBe(image("1.4.0")));
  failing.share = 1;
  await eventually(async () => expect(await trackOf()).toBe("blue"));
  await eventually(async () => expect(await history()).toBe("1 Active, 2 RolledBack, 3 RolledBack"));
  await untilAnnounced(world, "team", "RolledBack");
});

test.concurrent("servers replaced one by one go back to the last good template when they are stuck, and undo goes further back", async ({
  world,
  rollout,
}) => {
  const { imageOf, bridgeImage, history } = rollout;
  await createResource(world, "team", { server: { replicas: 2 } });
  await untilSettled(world, "team");
  await changeSpec(world, "team", { version: "1.3.0" });
  await untilSettled(world, "team");
  await eventually(async () => expect(await bridgeImage()).toBe(image("1.3.0")));
  await world.kubelet.report(broken("9.9.9"));
  await changeSpec(world, "team", { version: "9.9.9", rollout: soonGivesUp });
  await eventually(async () => expect(await history()).toBe("1 Superseded, 2 Active, 3 RolledBack"));
  await eventually(async () => expect(await imageOf("team-mcp-server")).toBe(image("1.3.0")));
  expect(await bridgeImage()).toBe(image("1.3.0"));
  const stalled = await untilCondition(world, "team", "Stalled", { status: "True", reason: "RolledBack" });
  expect(conditionOf(stalled, "Ready")).toMatchObject({ status: "False", reason: "RolledBack" });
  await world.restartOperator();
  await changeSpec(world, "team", { rollout: patient });
  await untilCondition(world, "team", "Progressing", { status: "False" });
  expect(await imageOf("team-mcp-server")).toBe(image("1.3.0"));

  await world.patch(types.cctelegramDeployments, "team", { metadata: { annotations: { "cctelegram.io/undo": "1" } } });
  await eventually(async () => expect(await history()).toBe("1 Active, 2 Superseded, 3 RolledBack"));
  await eventually(async () => expect(await imageOf("team-mcp-server")).toBe(image("1.2.3")));
  expect(await bridgeImage()).toBe(image("1.3.0"));
  await untilSettled(world, "team");
  await untilAnnounced(world, "team", "UndoStarted");
});

test.concurrent("a first version that another took the place of before it was good can be gone back to", async ({
  world,
  rollout,
}) => {
  const { imageOf, history } = rollout;
  await world.kubelet.report(broken("1.2.3"));
  await createResource(world, "team");
  await eventually(async () => expect(await imageOf("team-mcp-server")).toBe(image("1.2.3")));
  await eventually(async () => expect(await history()).toBe("1 RollingOut"));
  await world.kubelet.report(broken("9.9.9"));
  await changeSpec(world, "team", { version: "9.9.9" });
  await eventually(async () => expect(await imageOf("team-mcp-server")).toBe(image("9.9.9")));
  // Before a first version is good, the status follows its Deployment.
  await eventually(async () => expect(await history()).toBe("1 Superseded, 2 RollingOut"));
  await world.patch(types.cctelegramDeployments, "team", { metadata: { annotations: { "cctelegram.io/undo": "1" } } });
  await eventually(async () => expect(await history()).toBe("1 Active, 2 Superseded"));
  expect(await imageOf("team-mcp-server")).toBe(image("1.2.3"));
});

test.concurrent("a template that somebody has deleted is missed aloud, and another version helps", async ({
  world,
  rollout,
}) => {
  const { imageOf, rolloutOf, history } = rollout;
  await createResource(world, "team", { server: { replicas: 2 } });
  await untilSettled(world, "team");
  await world.kubelet.report(broken("9.9.9"));
  await changeSpec(world, "team", { version: "9.9.9" });
  await eventually(async () => expect(await history()).toBe("1 Active, 2 RollingOut"));
  const [good] = (await rolloutOf())?.revisions ?? [];
  const name = `team-mcp-server-${good?.template}`;
  await eventually(async () => expect(await exists(world, types.controllerRevisions, name)).toBe(true));
  await world.delete(types.controllerRevisions, name);
  await changeSpec(world, "team", { rollout: soonGivesUp });
  const lost = await untilCondition(world, "team", "Degraded", { status: "True", reason: "RevisionLost" });
  expect(conditionOf(lost, "Degraded")?.message).toContain(
    `revision 1 should run, but its template is gone: ControllerRevision ${name} was deleted. Deployment team-mcp-server stays as it is`,
  );
  await untilAnnounced(world, "team", "RevisionLost");
  expect(await imageOf("team-mcp-server")).toBe(image("9.9.9"));
  await changeSpec(world, "team", { version: "1.3.0", rollout: patient });
  const settled = await untilSettled(world, "team");
  expect(conditionOf(settled, "Degraded")).toMatchObject({ status: "False" });
});

test.concurrent("templates are kept for as many former revisions as are asked for, and no longer", async ({
  world,
  rollout,
}) => {
  const { history } = rollout;
  const kept = async () => {
    const revisions = resourcePath(types.controllerRevisions, { namespace: world.namespace });
    const selector = { labelSelector: "app.kubernetes.io/component=mcp-server" };
    const objects = await world.client.list<KubernetesObject & { revision: number }>(revisions, selector);
    return objects.map(({ revision }) => revision).toSorted();
  };
  await createResource(world, "team", { rollout: { revisionHistoryLimit: 1 } });
  await untilSettled(world, "team");
  expect(await kept()).toEqual([]);
  for (const version of ["1.3.0", "1.4.0", "1.5.0"]) {
    await changeSpec(world, "team", { version });
    await untilSettled(world, "team");
  }
  await eventually(async () => expect(await history()).toBe("2 Superseded, 3 Superseded, 4 Active"));
  await eventually(async () => expect(await kept()).toEqual([2, 3, 4]));
});

test.concurrent("the strategy of a resource that runs changes without a Service that leads nowhere", async ({
  world,
  rollout,
}) => {
  const { trackOf, imageOf } = rollout;
  await createResource(world, "team", { server: { replicas: 2 } });
  await untilSettled(world, "team");
  await changeSpec(world, "team", { version: "1.3.0", rollout: { ...blueGreen, keepPreviousSeconds: 0 } });
  await eventually(async () => expect(await trackOf()).toBe("green"));
  await eventually(async () => expect(await exists(world, types.deployments, "team-mcp-server")).toBe(false));
  expect(await imageOf("team-mcp-server-green")).toBe(image("1.3.0"));
  await changeSpec(world, "team", { rollout: null });
  await eventually(async () => expect(await trackOf()).toBeUndefined());
  expect(await imageOf("team-mcp-server")).toBe(image("1.3.0"));
  await eventually(async () => expect(await exists(world, types.deployments, "team-mcp-server-green")).toBe(false));
});

test.concurrent("a version that is asked for while no server runs is tried when they wake, and gives way like any other", async ({
  world,
  rollout,
}) => {
  const { trackOf, imageOf, history } = rollout;
  await createResource(world, "team", { server: { replicas: 2 }, rollout: blueGreen });
  await untilSettled(world, "team");
  await eventually(async () => expect(await trackOf()).toBe("blue"));
  await changeSpec(world, "team", { server: { replicas: 0 }, version: "1.3.0" });
  await eventually(async () => expect(await history()).toBe("1 Active, 2 Waiting"));
  const asleep = await untilCondition(world, "team", "Ready", { status: "False", reason: "ScaledToZero" });
  expect(conditionOf(asleep, "Degraded")?.status).toBe("False");
  world.answers.tried = "refusing";
  await changeSpec(world, "team", { server: { replicas: 2 } });
  await untilCondition(world, "team", "Stalled", { status: "True", reason: "RolledBack" });
  expect([await trackOf(), await imageOf("team-mcp-server")]).toEqual(["blue", image("1.2.3")]);
  world.answers.tried = "ready";
  await changeSpec(world, "team", { version: "1.4.0" });
  await eventually(async () => expect(await trackOf()).toBe("green"));
  expect(await history()).toBe("1 Previous, 2 RolledBack, 3 Active");
});

test.concurrent("servers that do not come up by another strategy are told of, and clients stay where they are", async ({
  world,
  rollout,
}) => {
  const { trackOf, imageOf } = rollout;
  await createResource(world, "team", { server: { replicas: 2 }, rollout: { ...blueGreen, keepPreviousSeconds: 0 } });
  await untilSettled(world, "team");
  await changeSpec(world, "team", { version: "1.3.0" });
  await eventually(async () => expect(await trackOf()).toBe("green"));
  await eventually(async () => expect(await exists(world, types.deployments, "team-mcp-server")).toBe(false));
  const isHome = ({ labels = {} }: KubernetesObject["metadata"]) =>
    labels["app.kubernetes.io/component"] === "mcp-server" && labels[trackLabel] === "blue";
  await world.kubelet.report((pod) => (isHome(pod.metadata) ? undefined : running(pod)));
  await changeSpec(world, "team", { rollout: { strategy: "RollingUpdate", ...soonGivesUp } });
  const overdue = await untilCondition(world, "team", "Degraded", { reason: "StrategyChangeOverdue" });
  expect(conditionOf(overdue, "Degraded")?.message).toContain("Clients stay with the present ones");
  expect(conditionOf(overdue, "ServerAvailable")?.status).toBe("True");
  await untilAnnounced(world, "team", "StrategyChangeOverdue");
  expect(await trackOf()).toBe("green");
  await world.kubelet.report(running);
  await eventually(async () => expect(await trackOf()).toBeUndefined());
  expect(await imageOf("team-mcp-server")).toBe(image("1.3.0"));
  await untilCondition(world, "team", "Degraded", { status: "False" });
});

test.concurrent("another version of the operator replaces pods only where it must, and says why", async ({
  world,
  rollout,
}) => {
  const { history } = rollout;
  await createResource(world, "team", { server: { replicas: 2 } });
  await untilSettled(world, "team");
  const pods = async () =>
    (await world.client.list(resourcePath(types.pods, { namespace: world.namespace }))).map(
      ({ metadata }) => metadata.uid,
    );
  const before = await pods();
  // As an operator leaves them that numbers no revisions.
  await world.stopOperator();
  const none = { "cctelegram.io/revision": null, "cctelegram.io/template": null };
  await world.patch(types.deployments, "team-mcp-server", { metadata: { annotations: none } });
  await world.patch(types.cctelegramDeployments, "team", { status: { rollout: null } }, "status");
  await world.restartOperator();
  await eventually(async () => expect(await history()).toBe("1 Active"));
  expect(await pods()).toEqual(before);

  world.settings = { ...world.settings, serverImage: image("1.3.0") };
  await world.restartOperator();
  await untilAnnounced(world, "team", "RolloutStarted");
  await untilAnnounced(world, "team", "BridgeReplaced");
  const told = (await eventsOf(world, "team")) as unknown as { reason: string; message: string }[];
  const messages = told.filter(({ reason }) => ["RolloutStarted", "BridgeReplaced"].includes(reason));
  expect(messages.map(({ message }) => message)).toEqual([
    "revision 2 changes image, by the operator's own version or settings",
    "the bridge's pod is replaced: its template changes image",
  ]);
});

test.concurrent("an upgrade waits for its backup, of server and bridge alike, until it is there or not asked for any more", async ({
  world,
  rollout,
}) => {
  const { imageOf, bridgeImage, history } = rollout;
  const target = { type: "Volume", volume: { claimName: "backups", path: "here" } };
  await createClaim(world, "backups");
  await createResource(world, "team", { rollout: { beforeUpgrade: "Backup" }, backup: { target } });
  await untilSettled(world, "team");
  /** The backup that the resource says it waits for. */
  const awaited = (revision: number) =>
    eventually(async () => {
      const { status } = await readResource(world, "team");
      const messages = status?.conditions?.map(({ message }) => message).join("\n") ?? "";
      const name = new RegExp(`the upgrade waits for CCTelegramBackup (team-before-${revision}-\\w+)`).exec(
        messages,
      )?.[1];
      expect(name, messages).toBeDefined();
      return name ?? "";
    });
  const jobImage = (backup: string) =>
    eventually(async () => {
      const { spec } = await world.get<{ spec: { template: { spec: { containers: { image: string }[] } } } }>(
        types.jobs,
        `${backup}-backup`,
      );
      return spec.template.spec.containers[0]?.image;
    });
  await changeSpec(world, "team", { version: "1.3.0" });
  await eventually(async () => expect(await history()).toBe("1 Active, 2 Waiting"));
  const first = await awaited(2);
  expect([await imageOf("team-mcp-server"), await bridgeImage()]).toEqual([image("1.2.3"), image("1.2.3")]);
  // By the version that runs: the other one may not even exist.
  expect(await jobImage(first)).toBe(image("1.2.3"));
  await endAttempt(world, first, 0, resultOf(world, first));
  await eventually(async () => expect(await bridgeImage()).toBe(image("1.3.0")));
  await eventually(async () => expect(await history()).toBe("1 Superseded, 2 Active"));

  await changeSpec(world, "team", { version: "1.4.0" });
  const second = await awaited(3);
  await endAttempt(world, second, 1, { code: "BACKUP_TARGET_FULL", message: "There is no room." });
  // The Job's own limit, so that the test need not wait for all its tries.
  await world.patch(types.jobs, `${second}-backup`, { spec: { activeDeadlineSeconds: 1 } });
  const failed = await untilCondition(world, "team", "Degraded", { reason: "BackupBeforeUpgradeFailed" });
  expect(conditionOf(failed, "Degraded")?.message).toContain(
    `the upgrade waits for CCTelegramBackup ${second}, which failed`,
  );
  // Whoever deletes it asks for another one.
  await world.delete(types.cctelegramBackups, second);
  await endAttempt(world, second, 0, resultOf(world, second));
  await eventually(async () => expect(await bridgeImage()).toBe(image("1.4.0")));

  await changeSpec(world, "team", { version: "1.5.0" });
  await awaited(4);
  await changeSpec(world, "team", { rollout: { beforeUpgrade: "Nothing" } });
  await eventually(async () => expect(await bridgeImage()).toBe(image("1.5.0")));
  await eventually(async () => expect(await history()).toBe("1 Superseded, 2 Superseded, 3 Superseded, 4 Active"));
});
