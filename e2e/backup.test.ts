import { afterAll, beforeAll, expect, test } from "vitest";
import {
  applyResource,
  condition,
  createNamespace,
  createToken,
  deleteNamespace,
  deliveredTexts,
  endpoint,
  getJson,
  kubectl,
  waitReady,
} from "./environment.ts";
import { callTool, connectClient } from "./mcp.ts";

let from: string;
let to: string;

beforeAll(async () => {
  [from, to] = await Promise.all([createNamespace("backup"), createNamespace("restored")]);
  await Promise.all([from, to].map(createToken));
});
afterAll(() => Promise.all([from, to].map(deleteNamespace)));

const telegram = { allowedUsers: [7_654_321] };
const target = { type: "Volume", volume: { claimName: "backups", path: "cctelegram" } };

/** Calls tools of a resource, one after the other. */
async function calling(
  namespace: string,
  name: string,
  calls: readonly [tool: string, args: Record<string, unknown>][],
) {
  const { url, key } = await endpoint(namespace, name);
  const mcp = await connectClient(url, key);
  for (const [tool, args] of calls) await callTool(mcp, tool, args);
  await mcp.close();
}

const createClaim = (namespace: string, volumeName?: string) => {
  const resources = { requests: { storage: "64Mi" } };
  const spec = { accessModes: ["ReadWriteOnce"], resources, ...(volumeName ? { volumeName } : {}) };
  const claim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { namespace, name: "backups" }, spec };
  return kubectl(["apply", "-f", "-"], { input: JSON.stringify(claim) });
};

/** Hands a volume over to a claim in another namespace, as administrators do it. */
async function moveClaim(): Promise<void> {
  const { spec } = await getJson<{ spec: { volumeName: string } }>("-n", from, "get", "pvc", "backups");
  const patch = (body: object) => kubectl(["patch", "pv", spec.volumeName, "--type=merge", "-p", JSON.stringify(body)]);
  await patch({ spec: { persistentVolumeReclaimPolicy: "Retain" } });
  await kubectl(["-n", from, "delete", "job,cctb", "--all", "--wait"]);
  await kubectl(["-n", from, "delete", "pvc", "backups", "--wait", "--timeout=60s"]);
  await patch({ spec: { claimRef: null } });
  await createClaim(to, spec.volumeName);
}

test("a running resource is backed up to a volume and restored in another namespace: every message arrives there, once", async () => {
  await createClaim(from);
  await applyResource(from, "origin", { telegram, backup: { target } });
  await waitReady(from, "origin");
  const texts = Array.from({ length: 5 }, (_, index) => `kept in a backup ${from} ${index}`);
  await calling(from, "origin", [
    ["stop_bridge", {}],
    ...texts.map((message): [string, Record<string, unknown>] => ["send_telegram_message", { message }]),
  ]);

  const backup = { apiVersion: "cctelegram.io/v1alpha1", kind: "CCTelegramBackup", metadata: { name: "first" } };
  const spec = { deploymentName: "origin" };
  await kubectl(["-n", from, "apply", "-f", "-"], { input: JSON.stringify({ ...backup, spec }) });
  await kubectl(["-n", from, "wait", "--for=condition=Succeeded", "cctb/first", "--timeout=2m"]).catch(
    async (error: Error) => {
      const described = await kubectl(["-n", from, "describe", "cctb,job,pod,event"]);
      const logs = await kubectl(["-n", from, "logs", "job/first-backup"]).catch(String);
      throw new Error(`${error.message}\n${described}\n${logs}`);
    },
  );
  const { status } = await getJson<{ status: Record<string, unknown> }>("-n", from, "get", "cctb", "first");
  expect(status).toMatchObject({ messages: texts.length, verified: "True" });
  expect(await kubectl(["-n", from, "get", "cctb"])).toMatch(/first +origin +True +Succeeded +\d+ +True/);

  // Two bridges with the same messages would deliver them twice.
  await kubectl(["-n", from, "delete", "cctd", "origin", "--wait"]);
  await moveClaim();
  const began = performance.now();
  const restoreFrom = { target, archive: `${from}/origin/first` };
  await applyResource(to, "copy", { telegram, restoreFrom });
  await waitReady(to, "copy", "3m");
  expect(await condition(to, "copy", "Restored")).toMatchObject({ status: "True", reason: "Restored" });
  console.log(`restored: Ready ${((performance.now() - began) / 1000).toFixed(1)} s after it was applied`);
  // What was stopped stays stopped.
  await calling(to, "copy", [["start_bridge", {}]]);
  const arrived = async () => (await deliveredTexts()).filter((text) => texts.some((one) => text.includes(one)));
  await expect.poll(async () => (await arrived()).length, { timeout: 60_000, interval: 500 }).toBe(texts.length);
  console.log(
    `restored: the last message arrived ${((performance.now() - began) / 1000).toFixed(1)} s after it was applied`,
  );
  for (const text of texts) expect((await arrived()).filter((one) => one.includes(text))).toHaveLength(1);
}, 600_000);
