import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { hashedKey } from "../../../contract/api-key.ts";
import type { ApiKeyFile } from "../../../contract/api-key-file.ts";
import * as types from "../../../operator/deployment/resource-types.ts";
import { type FakeBridge, secret, startFakeBridge } from "../../server/support/fake-bridge.ts";
import { type Process, startProcess } from "../../server/support/process.ts";
import { disturbedClient } from "./support/disturbed-client.ts";
import {
  changeSpec,
  createResource,
  createToken,
  eventsOf,
  eventually,
  readResource,
  untilAnnounced,
  untilSettled,
  writesOfAnotherOperator,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

let world: World;
let folder: string;
let bridge: FakeBridge;
let server: Process;
let url: string;
/** Requests that are not sent; by the form of `disturbedClient`. */
let stopped: string | undefined;

beforeAll(async () => {
  world = await World.create("rotation");
  world.kubelet.start();
  world.disturb = (client) => disturbedClient(client, (request) => (request === stopped ? "never sent" : undefined));
  world.settings = { ...world.settings, keySpreadMs: 10_000 };
  await createToken(world);
  await world.startOperator();
  await createResource(world, "team", { server: { auth: { clients: [claude, { name: "codex" }] } } });
  await untilSettled(world, "team");

  folder = await mkdtemp(join(tmpdir(), "rotation-"));
  await update();
  bridge = await startFakeBridge();
  server = startProcess(["serve"], {
    HMAC_SECRET: secret,
    BRIDGE_URL: bridge.url,
    MCP_API_KEYS_FILE: join(folder, "api-keys.json"),
    MCP_ENABLE_RATE_LIMIT: "false",
    MCP_ENABLE_BANS: "false",
    MCP_SERVER_PORT: "0",
    METRICS_PORT: "0",
    SHUTDOWN_DELAY: "0",
  });
  ({ http: url = "" } = await server.logged("ready to work"));
});

afterAll(async () => {
  server.child.kill("SIGKILL");
  await server.exited;
  await bridge.close();
  await rm(folder, { recursive: true });
  await world.dispose();
});

const claude = { name: "claude", permissions: ["*"] };

async function textOf(name: string, key: string): Promise<string> {
  const { data } = await world.get<{ readonly data: Readonly<Record<string, string>> }>(types.secrets, name);
  return Buffer.from(data[key] ?? "", "base64").toString();
}

const keyOf = (client: string) => textOf(`team-connection-${client}`, "key");
const storedKeys = async () => JSON.parse(await textOf("team-api-keys", "api-keys.json")) as ApiKeyFile;

/** Gives the server the file of keys that the API server has now, as a kubelet does. */
async function update(): Promise<void> {
  await writeFile(join(folder, "next"), await textOf("team-api-keys", "api-keys.json"));
  await rename(join(folder, "next"), join(folder, "api-keys.json"));
}

const statusWith = async (key: string) => (await fetch(`${url}/tools`, { headers: { "x-api-key": key } })).status;

/** Waits until the server answers like that, with the newest keys. */
const untilStatus = (key: string, status: number) =>
  eventually(async () => {
    await update();
    expect(await statusWith(key)).toBe(status);
  });

/** Deletes the connection Secret, and gives the client's new key. */
async function rotate(client: string): Promise<string> {
  const before = await keyOf(client);
  await world.delete(types.secrets, `team-connection-${client}`);
  return eventually(async () => {
    const key = await keyOf(client);
    expect(key).not.toBe(before);
    return key;
  });
}

/** One call after the other with a key, until it is ended; then their answers' statuses. */
function calling(key: string): () => Promise<ReadonlySet<number>> {
  const seen = new Set<number>();
  const state = { ends: false };
  const run = async () => {
    while (!state.ends) seen.add(await statusWith(key));
  };
  const done = run();
  const end = async () => {
    state.ends = true;
    await done;
    return seen;
  };
  onTestFinished(async () => void (await end()));
  return end;
}

test("a client that has its old key for a while is refused nothing, nor is one that has the new key, nor any other", async () => {
  const [old, other] = [await keyOf("claude"), await keyOf("codex")];
  const calls = [calling(old), calling(other)];
  const key = await rotate("claude");
  await untilStatus(key, 200);
  const withNew = calling(key);
  const newest = await rotate("claude");
  await untilStatus(newest, 200);
  for (const end of [...calls, withNew]) expect(await end()).toEqual(new Set([200]));
});

const ask = (client: string, wish: string) =>
  world.patch(types.secrets, `team-connection-${client}`, {
    metadata: { annotations: { "cctelegram.io/rotate": wish } },
  });

test("who asks for another key by annotation gets one that is valid from the first moment, and the old one still is", async () => {
  const old = await keyOf("claude");
  await ask("claude", "first");
  const next = await eventually(async () => {
    const key = await textOf("team-connection-claude", "next");
    expect(await storedKeys()).toHaveProperty([hashedKey(key), "name"], "claude");
    return key;
  });
  // Until its time has come the present one is the client's.
  expect(await keyOf("claude")).toBe(old);
  expect((await storedKeys())[hashedKey(next)]).not.toHaveProperty("expires");
  await update();
  const withOld = calling(old);
  const key = await eventually(async () => {
    const present = await keyOf("claude");
    expect(present).toBe(next);
    return present;
  });
  expect(await statusWith(key)).toBe(200);
  await eventually(async () => expect(await storedKeys()).toHaveProperty([hashedKey(old), "expires"]));
  await update();
  expect(await statusWith(key)).toBe(200);
  expect(await withOld()).toEqual(new Set([200]));
  await untilAnnounced(world, "team", "KeyRotated");
});

test("a wish that was granted is not granted again, and a new one is", async () => {
  await untilSettled(world, "team");
  const key = await keyOf("claude");
  expect(await writesOfAnotherOperator(world)).toEqual([]);
  expect(await textOf("team-connection-claude", "next")).toBe("");
  await ask("claude", "second");
  await eventually(async () => expect(await keyOf("claude")).not.toBe(key));
});

test("a wish that is taken back in time changes nothing, and the next key ends", async () => {
  world.settings = { ...world.settings, keySpreadMs: 600_000 };
  await world.restartOperator(1);
  const key = await keyOf("codex");
  await ask("codex", "third");
  const next = await eventually(async () => {
    const text = await textOf("team-connection-codex", "next");
    expect(text).not.toBe("");
    expect(await storedKeys()).toHaveProperty([hashedKey(text)]);
    return text;
  });
  const annotations = { "cctelegram.io/rotate": null };
  await world.patch(types.secrets, "team-connection-codex", { metadata: { annotations } });
  await eventually(async () => expect(await storedKeys()).toHaveProperty([hashedKey(next), "expires"]));
  expect(await keyOf("codex")).toBe(key);
  await eventually(async () => expect(await textOf("team-connection-codex", "next")).toBe(""));
});

test("each time a connection Secret is deleted there is another key, also in a row", async () => {
  await untilSettled(world, "team");
  const keys = [await rotate("codex"), await rotate("codex"), await rotate("codex")];
  expect(new Set(keys).size).toBe(3);
});

test("the old key has an end in the file, which stays over a restart of the operator, and the event names it", async () => {
  const old = hashedKey(await keyOf("codex"));
  const before = Date.now();
  await rotate("codex");
  const { expires = "" } = (await storedKeys())[old]!;
  expect(Date.parse(expires) - before).toBeGreaterThanOrEqual(300_000);
  expect(Date.parse(expires) - Date.now()).toBeLessThan(302_000);
  await untilAnnounced(world, "team", "KeyGenerated");
  await eventually(async () => {
    const messages = (await eventsOf(world, "team")).map(({ message }) => message);
    expect(messages).toContainEqual(
      expect.stringContaining(`client codex has a new key, the old one is valid until ${expires}`),
    );
  });
  await untilSettled(world, "team");
  const stored = await storedKeys();
  expect(await writesOfAnotherOperator(world)).toEqual([]);
  expect(await storedKeys()).toEqual(stored);
});

test("an operator that ends half-way, after the file and before the connection Secret, loses no key of before", async () => {
  const old = await keyOf("codex");
  stopped = "apply secrets/team-connection-codex";
  const file = Object.keys(await storedKeys());
  await world.delete(types.secrets, "team-connection-codex");
  await eventually(async () => expect(Object.keys(await storedKeys())).not.toEqual(file));
  await world.stopOperator();
  stopped = undefined;
  await world.startOperator();
  const key = await eventually(() => keyOf("codex"));
  await untilStatus(key, 200);
  expect(await statusWith(old)).toBe(200);
});

test("a key that a person writes into the connection Secret counts, and the one before stays valid for the time of grace", async () => {
  const old = await keyOf("codex");
  const own = "a-key-that-somebody-chose-themselves";
  await world.patch(types.secrets, "team-connection-codex", { stringData: { key: own } });
  await untilStatus(own, 200);
  expect(await statusWith(old)).toBe(200);
});

test("without a time of grace the old key is refused as soon as the server knows the new one", async () => {
  const old = await keyOf("claude");
  await changeSpec(world, "team", { server: { auth: { rotationGraceSeconds: 0 } } });
  await eventually(async () => expect(Object.keys(await storedKeys())).toHaveLength(3));
  const key = await rotate("claude");
  await untilStatus(key, 200);
  expect(await statusWith(old)).toBe(401);
});

test("a short time of grace ends: the key is refused, and then it is out of the file, without anybody's doing", async () => {
  await changeSpec(world, "team", { server: { auth: { rotationGraceSeconds: 10 } } });
  await eventually(async () => {
    const { metadata, status } = await readResource(world, "team");
    expect(status?.observedGeneration).toBe(metadata.generation);
  });
  const old = await keyOf("claude");
  const key = await rotate("claude");
  expect(await storedKeys()).toHaveProperty([hashedKey(old), "expires"]);
  await untilStatus(old, 401);
  expect(await statusWith(key)).toBe(200);
  await eventually(async () => expect(await storedKeys()).not.toHaveProperty([hashedKey(old)]));
});

test("what a client may no more, its old key may not either: nor when it is switched off, nor when it is removed", async () => {
  await changeSpec(world, "team", { server: { auth: { rotationGraceSeconds: 3600 } } });
  await eventually(async () => {
    const { metadata, status } = await readResource(world, "team");
    expect(status?.observedGeneration).toBe(metadata.generation);
  });
  const old = await keyOf("claude");
  const key = await rotate("claude");
  await untilStatus(key, 200);
  const clients = [{ ...claude, access: "Disabled" }, { name: "codex" }];
  await changeSpec(world, "team", { server: { auth: { clients } } });
  await untilStatus(key, 401);
  expect(await statusWith(old)).toBe(401);
  await changeSpec(world, "team", { server: { auth: { clients: [claude, { name: "codex" }] } } });
  await untilStatus(old, 200);
  await changeSpec(world, "team", { server: { auth: { clients: [{ name: "codex" }] } } });
  await untilStatus(old, 401);
  await changeSpec(world, "team", { server: { auth: { clients: [claude, { name: "codex" }] } } });
  await untilStatus(await eventually(() => keyOf("claude")), 200);
  expect(await statusWith(old)).toBe(401);
});

test("a client's keys end when its spec says so, the present one too", async () => {
  const key = await keyOf("claude");
  const until = (expires: string) =>
    changeSpec(world, "team", { server: { auth: { clients: [{ ...claude, expires }, { name: "codex" }] } } });
  await until("2001-01-01T00:00:00Z");
  await untilStatus(key, 401);
  await until("2999-01-01T00:00:00+01:00");
  await untilStatus(key, 200);
});
