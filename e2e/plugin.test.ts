import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../images/bundle.ts";
import { packPlugin } from "../images/plugin-package.ts";
import { run } from "../machine/command.mjs";
import {
  applyResource,
  cluster,
  controlTelegram,
  createNamespace,
  createToken,
  deleteNamespace,
  deliveredTexts,
  endpoint,
  expectReason,
  getJson,
  kubectl,
  podsOf,
  target,
  waitReady,
} from "./environment.ts";
import { callTool, connectClient, connectionOf } from "./mcp.ts";
import { nextTag } from "./names.ts";

const resource = "team";
/** As it is published. */
const main = join(import.meta.dirname, "../dist/plugin/kubectl-cctelegram.js");

let namespace: string;
let bot: number;
let folder: string;
/** Begun early, because it takes two minutes. */
let rotation: { readonly before: string; readonly command: ReturnType<typeof start> } | undefined;

const never = () => {
  throw new Error("no rotation was begun");
};

beforeAll(async () => {
  namespace = await createNamespace("plugin");
  folder = mkdtempSync(join(tmpdir(), "plugin-"));
  await bundle(["plugin"]);
  await packPlugin();
  bot = await createToken(namespace);
  await applyResource(namespace, resource);
  await waitReady(namespace, resource);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await deleteNamespace(namespace);
});

/** Starts the plugin as a person does: with a kubeconfig, in a folder. */
function start(...words: string[]) {
  const env = { PATH: process.env.PATH, KUBECONFIG: cluster.kubeconfig };
  const child = spawn(process.execPath, [main, ...words, "-n", namespace], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number, stdout, stderr }));
  return { child, ended, stdout: () => stdout };
}

async function plugin(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await start(...words).ended;
  expect({ words, code, stderr: code === 0 ? "" : stderr }).toEqual({ words, code: 0, stderr: "" });
  return stdout;
}

const keyOf = async (client = "test") => (await connectionOf(target, { namespace, resource, client })).key;

describe("what runs is seen through the plugin", () => {
  test("status shows parts and pods, with nodes where that is asked for", async () => {
    const shown = await plugin("status", resource, "-o", "wide");
    expect(shown).toContain(`✓ ${resource} in ${namespace}: Ready`);
    for (const component of ["mcp-server", "bridge"]) {
      const [pod] = await podsOf(namespace, resource, component);
      expect(shown).toMatch(new RegExp(`✓ pod ${pod!.metadata.name}: ready, .* on ${pod!.spec.nodeName}`));
    }
  });

  test("logs shows lines of servers and bridge for people, and follows them until it is interrupted", async () => {
    const shown = await plugin("logs", resource);
    expect(shown).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} INFO {2}team-mcp-server-\S+ /m);
    expect(shown).toMatch(/ INFO {2}team-bridge-0 /);
    for (const line of (await plugin("logs", resource, "-c", "bridge", "-o", "json", "--tail", "3"))
      .trim()
      .split("\n")) {
      expect(JSON.parse(line)).toHaveProperty("msg");
    }
    const following = start("logs", resource, "-f", "--tail", "1");
    await expect.poll(following.stdout).toContain("team-bridge-0");
    following.child.kill("SIGINT");
    expect((await following.ended).code).toBe(130);
  });

  test("events shows those of the resource and of its pods", async () => {
    const shown = await plugin("events", resource);
    expect(shown).toMatch(/Normal +Ready +CCTelegramDeployment\/team +clients can connect/);
    expect(shown).toMatch(/Normal +Started +Pod\/team-bridge-0 /);
  });
});

describe("messages", () => {
  test("send sends one with a client's key, and waits until Telegram has it", async () => {
    const text = `from the command line ${Date.now()}`;
    expect(await plugin("send", resource, text, "--wait")).toMatch(/^Sent as test: event [0-9a-f-]{36}$/m);
    expect((await deliveredTexts()).join("\n")).toContain(text);
  });

  test("one that Telegram refuses is in the queue's list, is sent again, and arrives", async () => {
    const { spec } = await getJson<{ spec: { telegram: { allowedUsers: number[] } } }>(
      "-n",
      namespace,
      "get",
      "cctd",
      resource,
    );
    await controlTelegram(bot, { blocked: spec.telegram.allowedUsers });
    const text = `refused at first ${Date.now()}`;
    const { code, stderr } = await start("send", resource, text, "--wait").ended;
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("blocked") });
    await controlTelegram(bot, { reset: true });
    const { dead_letters: letters } = JSON.parse(await plugin("queue", "list", resource, "-o", "json"));
    expect(letters).toHaveLength(1);
    await plugin("queue", "retry", resource, String(letters[0].id), "--yes");
    await plugin("drain", resource);
    expect((await deliveredTexts()).join("\n")).toContain(text);
  });

  test("pause delivery keeps them, resume delivery sends them", async () => {
    await plugin("pause", "delivery", resource, "--yes");
    const text = `kept ${Date.now()}`;
    await plugin("send", resource, text);
    expect(JSON.parse(await plugin("queue", "list", resource, "-o", "json"))).toMatchObject({ queue: { pending: 1 } });
    await plugin("resume", "delivery", resource);
    await plugin("drain", resource);
    expect((await deliveredTexts()).join("\n")).toContain(text);
  });
});

describe("clients", () => {
  test("a new one gets a key of its own, which is gone after it was revoked", async () => {
    await plugin("keys", "create", resource, "ci", "--permission", "get_bridge_status");
    const { key } = await connectionOf(target, { namespace, resource, client: "ci" });
    const { mcpServers } = JSON.parse(await plugin("keys", "config", resource, "ci"));
    expect(mcpServers.cctelegram.headers).toEqual({ "X-API-Key": key });
    expect(key).not.toBe(await keyOf());
    await plugin("keys", "revoke", resource, "ci", "--yes");
    expect(await plugin("keys", "list", resource)).not.toContain("ci ");
  });

  test("another key of one takes its place while everything else goes on", async () => {
    await plugin("keys", "create", resource, "rotated", "--permission", "get_bridge_status");
    rotation = {
      before: await keyOf("rotated"),
      command: start("keys", "rotate", resource, "rotated", "--wait", "--yes"),
    };
    const refused = await start("keys", "rotate", resource, "rotatet", "--yes").ended;
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('Did you mean "rotated"?') });
  });

  test("an address that guesses keys is in the list of bans until its ban is lifted", async () => {
    const { base } = await endpoint(namespace, resource);
    const guess = async () =>
      (await fetch(`${base}/tools/get_bridge_status`, { method: "POST", headers: { "x-api-key": "wrong" } })).status;
    await expect.poll(guess).toBe(429);
    const bans = async () => JSON.parse(await plugin("bans", "list", resource, "-o", "json")) as { address: string }[];
    await expect.poll(bans, { timeout: 60_000, interval: 1_000 }).toHaveLength(1);
    const [{ address }] = (await bans()) as [{ address: string }];
    await plugin("bans", "lift", resource, address, "--yes");
    expect(await bans()).toEqual([]);
    expect(await guess()).toBe(401);
  });

  test("connect gives a real MCP client a way to the server, and leaves nothing behind", async () => {
    const connection = start("connect", resource, "--client", "claude");
    const [line] = (await once(createInterface({ input: connection.child.stdout }), "line")) as [string];
    const url = line.replace("MCP endpoint: ", "");
    const file = join(folder, ".mcp.json");
    const { mcpServers } = JSON.parse(readFileSync(file, "utf8"));
    expect(mcpServers.cctelegram).toEqual({ type: "http", url, headers: { "X-API-Key": await keyOf() } });
    const mcp = await connectClient(url, mcpServers.cctelegram.headers["X-API-Key"]);
    const text = `through a forwarded port ${Date.now()}`;
    expect(await callTool(mcp, "send_telegram_message", { message: text })).toMatchObject({ success: true });
    expect((await mcp.listTools()).tools.length).toBeGreaterThan(10);
    await expect.poll(async () => (await deliveredTexts()).join("\n")).toContain(text);
    connection.child.kill("SIGINT");
    expect(await connection.ended).toMatchObject({ code: 0 });
    expect(existsSync(file)).toBe(false);
    await expect(fetch(url)).rejects.toThrow();
    await mcp.close().catch(() => undefined);
  });
});

describe("versions", () => {
  const change = (spec: object) =>
    kubectl(["-n", namespace, "patch", "cctd", resource, "--type=merge", "-p", JSON.stringify({ spec })]);
  type Rollout = { readonly revision: number; readonly target?: number };
  const rollout = async () =>
    (await getJson<{ status: { rollout: Rollout } }>("-n", namespace, "get", "cctd", resource)).status.rollout;
  const untilRevision = (revision: number) =>
    expect.poll(async () => (await rollout()).revision, { timeout: 180_000, interval: 1_000 }).toBe(revision);

  test("one that waits takes over by promote, gives way by rollback, and comes back by undo", async () => {
    const { revision: first } = await rollout();
    await change({
      version: nextTag,
      rollout: { strategy: "BlueGreen", promotion: "Manual", keepPreviousSeconds: 5 },
    });
    await expectReason(namespace, resource, "Progressing", "WaitingForPromotion");
    const { target: next = 0 } = await rollout();
    await plugin("promote", resource, "--yes");
    await untilRevision(next);
    await waitReady(namespace, resource);
    await change({ rollout: { promotion: "Automatic" } });
    await plugin("rollback", resource, "--yes");
    await expect.poll(async () => (await rollout()).revision, { timeout: 180_000, interval: 1_000 }).not.toBe(next);
    expect((await rollout()).revision).toBeGreaterThanOrEqual(first);
    await plugin("undo", resource, "--to", String(next), "--yes");
    await untilRevision(next);
    await waitReady(namespace, resource);
    const text = `by the version of undo ${Date.now()}`;
    await plugin("send", resource, text, "--wait");
    expect((await deliveredTexts()).join("\n")).toContain(text);
  });
});

test("the other key is taken when keys rotate ends, and so is the one of before for a while", async () => {
  const { before, command } = rotation ?? never();
  expect(await command.ended).toMatchObject({ code: 0 });
  const after = await keyOf("rotated");
  expect(after).not.toBe(before);
  const { base } = await endpoint(namespace, resource);
  const call = async (key: string) =>
    (await fetch(`${base}/tools/get_bridge_status`, { method: "POST", headers: { "x-api-key": key } })).status;
  await expect.poll(() => call(after), { timeout: 60_000 }).toBe(200);
  expect(await call(before)).toBe(200);
});

describe("backups", () => {
  test("one holds what waits, and a resource that is restored from it has that, too", async () => {
    const claim = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { namespace, name: "backups" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "64Mi" } } },
    };
    await kubectl(["apply", "-f", "-"], { input: JSON.stringify(claim) });
    await plugin("pause", "delivery", resource, "--yes");
    const text = `in a backup ${Date.now()}`;
    await plugin("send", resource, text);
    const made = await plugin("backup", resource, "--name", "nightly", "--claim", "backups", "--verify");
    expect(made).toMatch(/^Backup nightly: \d+ bytes, verified\nstored at file:/);
    await plugin("restore", "nightly", "again", "--yes");
    expect(JSON.parse(await plugin("queue", "list", "again", "-o", "json"))).toMatchObject({
      queue: { pending: 1 },
      paused: { by: expect.stringMatching(/^kubectl/) },
    });
    await kubectl(["-n", namespace, "delete", "cctd", "again", "--wait"]);
    await plugin("resume", "delivery", resource);
    await plugin("drain", resource);
    expect((await deliveredTexts()).filter((delivered) => delivered.includes(text))).toHaveLength(1);
    const taken = await start("restore", "nightly", resource, "--yes").ended;
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining("choose another name") });
  });
});

test("hibernate stops everything, commands say so, and wake brings it back", async () => {
  await plugin("hibernate", resource, "--drain", "--yes");
  await expectReason(namespace, resource, "Hibernated", "Hibernated");
  expect([
    ...(await podsOf(namespace, resource, "mcp-server")),
    ...(await podsOf(namespace, resource, "bridge")),
  ]).toEqual([]);
  const asleep = await start("send", resource, "hello").ended;
  expect(asleep).toMatchObject({ code: 5, stderr: expect.stringContaining(`kubectl cctelegram wake ${resource}`) });
  await plugin("wake", resource);
  await waitReady(namespace, resource);
  const text = `after its sleep ${Date.now()}`;
  await plugin("send", resource, text, "--wait");
  expect((await deliveredTexts()).join("\n")).toContain(text);
});

test("report has logs of all pods and of the operator, and no secret", async () => {
  const path = (await plugin("report", resource)).trim();
  const names = await run("tar", ["-tzf", join(folder, path)]);
  expect(names).toContain(`/logs/${resource}-bridge-0.bridge.log\n`);
  expect(names).toMatch(/\/operator\/logs\/cctelegram-operator-\S+\.log\n/);
  const text = await run("tar", ["-xzOf", join(folder, path)]);
  expect(text).toContain('"msg":');
  const value = async (name: string, key: string) => {
    const data = await kubectl(["-n", namespace, "get", "secret", name, "-o", `jsonpath={.data.${key}}`]);
    return Buffer.from(data, "base64").toString();
  };
  const secrets = [await keyOf(), await value(`${resource}-hmac`, "secret"), await value("telegram", "token")];
  expect(secrets.filter((secret) => secret === "" || text.includes(secret))).toEqual([]);
});
