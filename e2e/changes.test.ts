import { afterAll, beforeAll, expect, test } from "vitest";
import {
  applyResource,
  changeSpec,
  condition,
  createNamespace,
  createToken,
  deleteNamespace,
  endpoint,
  expectReason,
  getJson,
  kubectl,
  podsOf,
  telegramLog,
  waitReady,
} from "./environment.ts";
import { callTool, connectClient } from "./mcp.ts";
import { busyServers, fastBridge, liftLimits, startTraffic } from "./traffic.ts";

const resource = "changing";
let namespace: string;

beforeAll(async () => {
  namespace = await createNamespace("changes");
  await liftLimits(await createToken(namespace));
  const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "64Mi" } } };
  await apply({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "backups" }, spec: claim });
  await setFormat("json");
  await applyResource(namespace, resource, {
    server: {
      ...busyServers,
      env: [{ name: "LOG_FORMAT", valueFrom: { secretKeyRef: { name: "settings", key: "format" } } }],
    },
    bridge: fastBridge,
    backup: { target: { type: "Volume", volume: { claimName: "backups" } } },
    rollout: { beforeUpgrade: "Backup" },
  });
  await waitReady(namespace, resource);
});
afterAll(() => deleteNamespace(namespace));

const apply = (object: object) => kubectl(["-n", namespace, "apply", "-f", "-"], { input: JSON.stringify(object) });
const setFormat = (format: string) =>
  apply({ apiVersion: "v1", kind: "Secret", metadata: { name: "settings" }, stringData: { format } });
const change = (spec: object) => changeSpec(namespace, resource, spec);

const uidsOf = async (component: string) =>
  (await podsOf(namespace, resource, component)).map(({ metadata }) => metadata.uid).sort();
const bothOf = async () => ({ servers: await uidsOf("mcp-server"), bridge: await uidsOf("bridge") });
/** Pods that run, all of others than before. */
const replaced = (component: string, before: readonly string[]) =>
  expect
    .poll(async () => (await uidsOf(component)).map((uid) => before.includes(uid)), { timeout: 120_000, interval: 500 })
    .toEqual(before.map(() => false));

type Status = {
  readonly rollout?: { readonly revisions?: readonly { readonly revision: number; readonly outcome: string }[] };
  readonly dryRun?: { readonly changes: readonly object[] };
};
const statusOf = async () => (await getJson<{ status: Status }>("-n", namespace, "get", "cctd", resource)).status;

type Named = { readonly metadata: { readonly name: string } };

test("another image waits for a backup, and gives way by itself when its pods do not start; no call fails", async () => {
  const before = await bothOf();
  const { url, key } = await endpoint(namespace, resource);
  const traffic = startTraffic(url, key, "stuck upgrade");
  await traffic.progress(5);
  await change({
    images: { server: "127.0.0.1:1/nobody/listens:here" },
    rollout: { progressDeadlineSeconds: 20 },
  });
  await expectReason(namespace, resource, "Degraded", "RolledBack");
  await traffic.progress(5);
  await traffic.stop();
  expect(traffic.failures).toEqual([]);
  expect((await statusOf()).rollout?.revisions).toMatchObject([
    { revision: 1, outcome: "Active" },
    { revision: 2, outcome: "RolledBack" },
  ]);
  // What the spec asks for is not there, and clients are served.
  expect(await condition(namespace, resource, "Ready")).toMatchObject({ status: "False", reason: "RolledBack" });
  expect(await condition(namespace, resource, "ServerAvailable")).toMatchObject({ status: "True" });
  expect(await bothOf()).toEqual(before);
  const { items: backups } = await getJson<{ items: Named[] }>("-n", namespace, "get", "cctb");
  expect(backups.map(({ metadata }) => metadata.name)).toEqual([
    expect.stringMatching(new RegExp(`^${resource}-before-2-`)),
  ]);
  await kubectl(["-n", namespace, "wait", "--for=condition=Succeeded", `cctb/${backups[0]?.metadata.name}`]);
  await change({ images: { server: null }, rollout: { progressDeadlineSeconds: null } });
  await expectReason(namespace, resource, "Degraded", "NoProblems");
}, 240_000);

test("a Secret behind a variable replaces the pods of that part, and no others", async () => {
  const before = await bothOf();
  await setFormat("text");
  await replaced("mcp-server", before.servers);
  await waitReady(namespace, resource);
  expect(await uidsOf("bridge")).toEqual(before.bridge);
}, 240_000);

test("another bot token is taken over: what is sent afterwards comes from the new bot, once", async () => {
  const { servers } = await bothOf();
  await kubectl(["-n", namespace, "delete", "secret", "telegram"]);
  const bot = await createToken(namespace);
  await liftLimits(bot);
  const { url, key } = await endpoint(namespace, resource);
  const mcp = await connectClient(url, key);
  const botsOf = async (text: string) =>
    (await telegramLog()).filter((sent) => sent.text?.includes(text) && sent.status === 200).map((sent) => sent.bot);
  let number = 0;
  const sentBy = async () => {
    const text = `from which bot ${namespace} ${number++}.`;
    expect(await callTool(mcp, "send_telegram_message", { message: text })).toMatchObject({ success: true });
    await expect.poll(async () => (await botsOf(text)).length, { timeout: 60_000 }).toBe(1);
    return (await botsOf(text))[0];
  };
  // A kubelet updates a changed Secret in running pods within a minute and a half.
  await expect.poll(sentBy, { timeout: 150_000, interval: 1_000 }).toBe(bot);
  await mcp.close();
  expect(await uidsOf("mcp-server")).toEqual(servers);
}, 240_000);

test("kubectl scale holds, and a dry run and a pause change nothing until the resource is active again", async () => {
  await kubectl(["-n", namespace, "scale", `cctd/${resource}`, "--replicas=3"]);
  await expect.poll(async () => (await uidsOf("mcp-server")).length, { timeout: 60_000 }).toBe(3);
  await waitReady(namespace, resource);
  const before = await bothOf();
  await change({ reconciliation: "DryRun", server: { logLevel: "debug" } });
  const deployment = { kind: "Deployment", name: `${resource}-mcp-server`, action: "Change", pods: "Replaced" };
  await expect
    .poll(async () => (await statusOf()).dryRun?.changes, { timeout: 60_000 })
    .toContainEqual(expect.objectContaining(deployment));
  await change({ reconciliation: "Paused" });
  await expectReason(namespace, resource, "Paused", "PausedByUser");
  const service = `service/${resource}-mcp-server`;
  await kubectl(["-n", namespace, "delete", service]);
  // The operator puts back what it may within a second.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  await expect(kubectl(["-n", namespace, "get", service])).rejects.toThrow(/not found/i);
  expect(await bothOf()).toEqual(before);
  await change({ reconciliation: "Active" });
  await replaced("mcp-server", before.servers);
  await waitReady(namespace, resource);
  expect(await uidsOf("mcp-server")).toHaveLength(3);
  await kubectl(["-n", namespace, "get", service]);
}, 240_000);

test("a change that replaces pods waits for its maintenance window", async () => {
  const before = await bothOf();
  // The first of the month after next.
  const month = ((new Date().getUTCMonth() + 2) % 12) + 1;
  const windows = [{ schedule: `0 0 1 ${month} *`, durationMinutes: 5 }];
  await change({ maintenance: { windows } });
  await change({ server: { logLevel: "warn" } });
  await expectReason(namespace, resource, "Progressing", "WaitingForMaintenance");
  expect(await bothOf()).toEqual(before);
  await change({ maintenance: { windows: [] } });
  await replaced("mcp-server", before.servers);
  await waitReady(namespace, resource);
}, 240_000);
