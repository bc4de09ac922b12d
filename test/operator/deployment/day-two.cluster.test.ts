import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { program } from "../../../e2e/cluster/programs.ts";
import { run } from "../../../machine/command.mjs";
import * as types from "../../../operator/deployment/resource-types.ts";
import { resourcePath } from "../../../operator/runtime/resource-type.ts";
import { endedBy } from "../../argocd/support/troubles.ts";
import { addressed, running } from "./support/kubelet.ts";
import {
  changeSpec,
  conditionOf,
  createResource,
  createToken,
  environmentOf,
  eventsOf,
  eventually,
  exists,
  readResource,
  untilAnnounced,
  untilCondition,
  untilReady,
  untilSettled,
  versions,
  writesOfAnotherOperator,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await World.create("day-two");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterAll(() => world.dispose());

type Workload = { spec: { replicas: number; template: object } };

const serverOf = (name: string) => world.get<Workload>(types.deployments, `${name}-mcp-server`);
const bridgeOf = (name: string) => world.get<Workload>(types.statefulSets, `${name}-bridge`);

describe("a hibernated resource", () => {
  const name = "sleeper";
  const telegram = { botTokenSecretRef: { name: "telegram" }, allowedUsers: [1], updates: "Polling" };

  test("has no pods and no autoscaler, keeps everything else, and says so without a problem or an alarm", async () => {
    await createResource(world, name, { profile: "Production", telegram });
    await untilSettled(world, name);
    await world.patch(types.deployments, `${name}-mcp-server`, { spec: { replicas: 5 } }, "scale");
    const before = await versions(world, name);
    const template = (await bridgeOf(name)).spec.template;

    await changeSpec(world, name, { activity: "Hibernated" });
    const resource = await untilCondition(world, name, "Hibernated", { status: "True", reason: "Hibernated" });
    expect(conditionOf(resource, "Ready")).toMatchObject({ status: "False", reason: "Hibernated" });
    for (const type of ["Degraded", "Stalled", "Reconciling", "Progressing"])
      expect(conditionOf(resource, type)).toMatchObject({ status: "False" });
    expect(conditionOf(resource, "Receiving")).toBeUndefined();
    expect(resource.status).toMatchObject({ servers: "0/0", bridge: "0/0" });
    expect((await serverOf(name)).spec.replicas).toBe(0);
    expect(await bridgeOf(name)).toMatchObject({ spec: { replicas: 0, template } });
    expect(await exists(world, types.horizontalPodAutoscalers, `${name}-mcp-server`)).toBe(false);
    await untilAnnounced(world, name, "Hibernated");
    expect((await eventsOf(world, name)).filter(({ type }) => type === "Warning")).toEqual([]);
    const after = Object.keys(await versions(world, name));
    expect(Object.keys(before).filter((child) => !after.includes(child))).toEqual([
      `horizontalpodautoscalers/${name}-mcp-server`,
    ]);
  });

  test("costs no write, and keeps to it when somebody scales it", async () => {
    expect(await writesOfAnotherOperator(world)).toEqual([]);
    await world.patch(types.deployments, `${name}-mcp-server`, { spec: { replicas: 2 } }, "scale");
    await eventually(async () => expect((await serverOf(name)).spec.replicas).toBe(0));
  });

  test("wakes as it was by one field, and the autoscaler takes over from its minimum", async () => {
    await changeSpec(world, name, { activity: "Active" });
    await untilReady(world, name);
    await untilAnnounced(world, name, "Woken");
    expect((await serverOf(name)).spec.replicas).toBe(3);
    expect((await bridgeOf(name)).spec.replicas).toBe(1);
    expect(await environmentOf(world, types.statefulSets, `${name}-bridge`)).toMatchObject({
      TELEGRAM_UPDATES: "Polling",
    });
    await eventually(async () =>
      expect(await world.get(types.horizontalPodAutoscalers, `${name}-mcp-server`)).toMatchObject({
        spec: { minReplicas: 3, maxReplicas: 20 },
      }),
    );
    await world.delete(types.cctelegramDeployments, name);
  });
});

describe("outside of the maintenance windows", () => {
  const name = "careful";
  const month = ((new Date().getUTCMonth() + 6) % 12) + 1;
  const maintenance = { windows: [{ schedule: `0 2 1 ${month} *`, durationMinutes: 60 }] };
  const imageOf = async (workload: Promise<Workload>) =>
    (await workload).spec.template as { spec: { containers: { image: string }[] } };
  const versionsOfPods = async () =>
    Promise.all(
      [serverOf(name), bridgeOf(name)].map(
        async (workload) => (await imageOf(workload)).spec.containers[0]?.image.split(":")[1],
      ),
    );

  test("a first installation does not wait", async () => {
    await createResource(world, name, { maintenance });
    await untilSettled(world, name);
  });

  test("a change that replaces pods waits, and the condition says until when; keys and numbers do not wait", async () => {
    await changeSpec(world, name, {
      version: "2.0.0",
      server: { replicas: 2, auth: { clients: [{ name: "claude", permissions: ["*"] }, { name: "cursor" }] } },
    });
    const message = expect.stringMatching(
      /^a change that replaces pods waits for a maintenance window \(MCP server, bridge\): the next one begins at \d{4}-\d\d-01T02:00:00Z$/,
    );
    const waits = { reason: "WaitingForMaintenance", message };
    const resource = await untilCondition(world, name, "Progressing", { status: "False", ...waits });
    expect(conditionOf(resource, "Reconciling")).toMatchObject({ status: "True", ...waits });
    expect(conditionOf(resource, "Ready")).toMatchObject({
      status: "True",
      observedGeneration: (resource.metadata.generation ?? 0) - 1,
    });
    await eventually(async () => expect((await serverOf(name)).spec.replicas).toBe(2));
    await eventually(async () => expect(await exists(world, types.secrets, `${name}-connection-cursor`)).toBe(true));
    expect(await versionsOfPods()).toEqual(["1.2.3", "1.2.3"]);
    await eventually(async () => expect((await readResource(world, name)).status?.servers).toBe("2/2"));
    expect(await writesOfAnotherOperator(world)).toEqual([]);
  });

  test("everything goes when a window opens", async () => {
    await changeSpec(world, name, { maintenance: { windows: [{ schedule: "* * * * *", durationMinutes: 60 }] } });
    await untilReady(world, name);
    expect(await versionsOfPods()).toEqual(["2.0.0", "2.0.0"]);
  });

  test.each<[string, object, RegExp]>([
    ["four fields", { schedule: "0 2 * *", durationMinutes: 60 }, /cron expression of five fields/],
    ["an hour that is none", { schedule: "0 24 * * *", durationMinutes: 60 }, /cron expression of five fields/],
    ["words", { schedule: "every saturday", durationMinutes: 60 }, /cron expression of five fields/],
    ["no duration", { schedule: "0 2 * * SAT" }, /durationMinutes: Required value/],
    [
      "a zone that does not exist",
      { schedule: "0 2 * * *", timeZone: "Europe/Atlantis", durationMinutes: 60 },
      /Atlantis/,
    ],
  ])("a window with %s is refused", async (_what, window, message) => {
    await expect(createResource(world, "wrong", { maintenance: { windows: [window] } })).rejects.toThrow(message);
  });
});

describe("a resource that only asks what would change", () => {
  const name = "asker";
  const changesOf = async () => {
    const { status } = await readResource(world, name);
    return Object.fromEntries(
      (status?.dryRun?.changes ?? []).map(({ kind, name: of, ...rest }) => [`${kind}/${of}`, rest]),
    );
  };

  test("from the start learns what would be created, and nothing is", async () => {
    await createResource(world, name, { reconciliation: "DryRun" });
    const resource = await untilCondition(world, name, "Paused", { status: "True", reason: "DryRun" });
    expect(await changesOf()).toMatchObject({
      [`CCTelegramDeployment/${name}`]: { action: "Change", fields: ["spec.server.replicas: none -> 1"] },
      [`Deployment/${name}-mcp-server`]: { action: "Create" },
      [`StatefulSet/${name}-bridge`]: { action: "Create" },
      [`Secret/${name}-hmac`]: { action: "Create" },
    });
    expect(Object.keys(await versions(world, name))).toEqual(["the resource"]);
    expect(resource.spec.server).not.toHaveProperty("replicas");
  });

  test("is told every field that would change, and whether pods would be replaced, but nothing of Secrets", async () => {
    await changeSpec(world, name, { reconciliation: "Active" });
    const { status } = await untilSettled(world, name);
    expect(status).not.toHaveProperty("dryRun");
    const before = await versions(world, name);
    await changeSpec(world, name, {
      reconciliation: "DryRun",
      version: "2.0.0",
      networkPolicy: { mode: "Disabled" },
      server: { logLevel: "debug", auth: { clients: [{ name: "cursor" }] } },
    });
    await untilCondition(world, name, "Reconciling", { status: "False", reason: "DryRun" });
    const template = "spec.template.spec.containers[mcp-server]";
    await eventually(async () =>
      expect(await changesOf()).toEqual({
        [`Deployment/${name}-mcp-server`]: {
          action: "Change",
          pods: "Replaced",
          fields: [
            'metadata.annotations.cctelegram.io/revision: "1" -> "2"',
            expect.stringContaining("metadata.annotations.cctelegram.io/template: "),
            `${template}.env[LOG_LEVEL].value: "info" -> "debug"`,
            `${template}.image: "docker.io/cctelegram/server:1.2.3" -> "docker.io/cctelegram/server:2.0.0"`,
          ],
        },
        [`StatefulSet/${name}-bridge`]: {
          action: "Change",
          pods: "Replaced",
          fields: [expect.stringContaining("containers[bridge].image")],
        },
        [`NetworkPolicy/${name}-mcp-server`]: { action: "Delete" },
        [`NetworkPolicy/${name}-bridge`]: { action: "Delete" },
        [`Secret/${name}-api-keys`]: { action: "Change", fields: ["data.api-keys.json"] },
        [`Secret/${name}-connection-claude`]: { action: "Delete" },
        [`Secret/${name}-connection-cursor`]: { action: "Create" },
      }),
    );
    const { "the resource": _before, ...children } = before;
    const { "the resource": version, ...after } = await versions(world, name);
    expect(after).toEqual(children);

    await world.restartOperator(2);
    expect((await versions(world, name))["the resource"]).toBe(version);
  });

  test("is told what an object would lose that was never changed since its creation", async () => {
    await changeSpec(world, name, {
      reconciliation: "Active",
      version: null,
      networkPolicy: null,
      server: { logLevel: "info", auth: { clients: [{ name: "cursor" }] } },
    });
    await untilSettled(world, name);
    await world.post(types.secrets, { metadata: { name: `${name}-own` }, stringData: { key: "k".repeat(40) } });
    const client = { name: "cursor", keySecretRef: { name: `${name}-own` } };
    await changeSpec(world, name, { reconciliation: "DryRun", server: { auth: { clients: [client] } } });
    await eventually(async () =>
      expect((await changesOf())[`Secret/${name}-connection-cursor`]).toMatchObject({
        action: "Change",
        fields: expect.arrayContaining(["data.key", "data.keySecretKey", "data.keySecretName", "data.mcp.json"]),
      }),
    );
  });

  test("is told what the API server would refuse", async () => {
    await world.post(types.secrets, { metadata: { name: `${name}-connection-mine` } });
    await changeSpec(world, name, { server: { auth: { clients: [{ name: "mine" }] } } });
    await eventually(async () =>
      expect((await changesOf())[`Secret/${name}-connection-mine`]).toEqual({
        action: "Refused",
        fields: ["an object of this name exists that the resource does not control"],
      }),
    );
  });
});

test("kubectl describe leads from what is seen to what is to be done, before it lists the conditions", async () => {
  const name = "report";
  await createResource(world, name, { telegram: { botTokenSecretRef: { name: "absent" }, allowedUsers: [1] } });
  await untilCondition(world, name, "Ready", { status: "False", reason: "BotTokenSecretNotFound" });
  const kubectl = await program("kubectl");
  const flags = ["--kubeconfig", inject("kubeconfig"), "-n", world.namespace];
  const report = await run(kubectl, [...flags, "describe", "cctd", name]);
  const places = [
    "Causes:",
    "messages do not arrive: the StatefulSet of the bridge does not exist",
    `kubectl -n ${world.namespace} create secret generic absent --from-literal=token=<bot token>`,
    "Conditions:",
    "Type:                  Ready",
    "Type:                  ServerAvailable",
    "Events:",
  ].map((text) => report.indexOf(text));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});

test("a container that ends again and again is shown with what it said last, and without what looks like a secret", async () => {
  const name = "crashing";
  const message = [
    '{"level":"info","msg":"starting"}',
    `{"level":"fatal","time":"2026-01-01T00:00:00Z","msg":"no store at redis://user:${"x".repeat(30)}@store:6379"}`,
  ].join("\n");
  await world.kubelet.report((pod) =>
    pod.metadata.name?.startsWith(`${name}-mcp-server-`) ? endedBy("Error", 3, message)(pod) : running(pod),
  );
  await createResource(world, name);
  const words =
    'MCP server: the container mcp-server exits with code 3, and said last "no store at redis://[redacted]@store:6379"';
  const wanted = { status: "True" as const, reason: "CrashLooping", message: expect.stringContaining(words) };
  const resource = await untilCondition(world, name, "Degraded", wanted);
  expect(resource.status?.causes?.map(({ message }) => message).join("\n")).toContain("no store at redis://");
  await world.delete(types.cctelegramDeployments, name);
  await world.kubelet.report(running);
});

test("a fenced bridge gets a new pod at once, and is shown as what somebody wanted", async () => {
  const name = "fenced";
  await createResource(world, name, { bridge: { fencing: "Open" } });
  await untilReady(world, name);
  expect(await environmentOf(world, types.statefulSets, `${name}-bridge`)).not.toHaveProperty("BRIDGE_FENCED");
  Object.assign(world.answers, { fenced: true, telegram: { reachable: false, error: "the bridge is fenced" } });
  await changeSpec(world, name, { bridge: { fencing: "Fenced" } });
  const resource = await untilCondition(world, name, "Ready", { status: "False", reason: "BridgeFenced" }, 60_000);
  expect(conditionOf(resource, "BridgeAvailable")).toMatchObject({ status: "True" });
  for (const type of ["Degraded", "Stalled"]) expect(conditionOf(resource, type)?.status).toBe("False");
  expect(await environmentOf(world, types.statefulSets, `${name}-bridge`)).toMatchObject({ BRIDGE_FENCED: "true" });
  Object.assign(world.answers, { fenced: undefined, telegram: { reachable: true } });
  await changeSpec(world, name, { bridge: { fencing: "Open" } });
  await untilReady(world, name, 60_000);
  await untilAnnounced(world, name, "BridgeFenced");
});

test("a server pod that fails the handshake that others pass is replaced, once", async () => {
  const name = "uneven";
  const { report, addresses } = addressed(running);
  await world.kubelet.report(report);
  const seen = () => [...addresses.keys()].filter((pod) => pod.startsWith(`${name}-mcp-server-`));
  const podsOf = async () => {
    const labelSelector = `app.kubernetes.io/instance=${name},app.kubernetes.io/component=mcp-server`;
    const found = await world.client.list(resourcePath(types.pods, { namespace: world.namespace }), { labelSelector });
    return found.filter(({ metadata }) => !metadata.deletionTimestamp).map((pod) => pod.metadata.name ?? "");
  };
  const [isServer, isService] = [/^10[.]1[.]/, new RegExp(`^${name}-`)];
  let bad = "";
  // The first pod is bad, and the Service leads to it as long as it is there.
  world.answers.refusesAt = (host) => {
    bad ||= seen()[0] ?? "";
    return (isServer.test(host) && host === addresses.get(bad)) || (isService.test(host) && seen().length <= 2);
  };
  await createResource(world, name, { server: { replicas: 2, auth: { clients: [] } } });
  await untilCondition(world, name, "Degraded", { status: "True", reason: "SomePodsFail" }, 60_000);
  await untilAnnounced(world, name, "PodReplaced");
  await untilReady(world, name, 60_000);
  const left = await eventually(async () => {
    const pods = await podsOf();
    expect(pods).toHaveLength(2);
    return pods;
  });
  expect(left).not.toContain(bad);
  expect((await readResource(world, name)).status?.podReplacements).toMatchObject({ count: 1 });
  await world.restartOperator(1);
  await untilReady(world, name, 60_000);
  expect(seen()).toHaveLength(3);
});

test("pods that fail like those before them are replaced three times, and then a person has to look", async () => {
  const name = "hopeless";
  const servers: string[] = [];
  const addressOf = (pod: string) => {
    if (!servers.includes(pod)) servers.push(pod);
    return `10.2.0.${servers.indexOf(pod) + 1}`;
  };
  await world.kubelet.report((pod) => {
    const isServer = pod.metadata.name?.startsWith(`${name}-mcp-server-`);
    return { ...running(pod), ...(isServer && { podIP: addressOf(pod.metadata.name ?? "") }) };
  });
  // The second pod alone is well, and the Service leads to others.
  world.answers.refusesAt = (host) =>
    (host.startsWith("10.2.") && host !== "10.2.0.2") || host.startsWith(`${name}-mcp-server`);
  await createResource(world, name, { server: { replicas: 2, auth: { clients: [] } } });
  const wanted = { status: "True" as const, reason: "ReplacedPodsFailAgain" };
  await untilCondition(world, name, "Degraded", wanted, 120_000);
  expect((await readResource(world, name)).status?.podReplacements).toMatchObject({ count: 3 });
  expect(servers).toHaveLength(5);
  await world.restartOperator(1);
  await untilCondition(world, name, "Degraded", wanted, 60_000);
  expect(servers).toHaveLength(5);
});
