import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashedKey } from "../../../contract/api-key.ts";
import type { ApiKeyFile } from "../../../contract/api-key-file.ts";
import * as types from "../../../operator/deployment/resource-types.ts";
import { disturbedClient } from "./support/disturbed-client.ts";
import {
  changeSpec,
  createResource,
  createToken,
  eventually,
  readResource,
  untilAnnounced,
  untilCondition,
  untilSettled,
  writesOf,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

let world: World;
/** Writes of Secrets after which the operator is as if it had been killed: it sends nothing any more. */
let writesLeft = Number.POSITIVE_INFINITY;

const dayMs = 86_400_000;
/** Long enough to see each step of a rotation on a busy machine. */
const hmacGraceMs = 5_000;
const claude = { name: "claude", permissions: ["*"] };
const own = { name: "codex", permissions: ["*"], keySecretRef: { name: "codex-key" } };
const key = "a-key-that-somebody-brought-along";
const env = [{ name: "EXTRA", valueFrom: { secretKeyRef: { name: "extra", key: "value" } } }];

beforeAll(async () => {
  world = await World.create("secrets");
  world.kubelet.start();
  world.disturb = (client) =>
    disturbedClient(client, (request) => {
      if (writesLeft === 0) return "never sent";
      if (request.startsWith("apply secrets/")) writesLeft -= 1;
      return undefined;
    });
  world.settings = { ...world.settings, keySpreadMs: 5_000, hmacGraceMs };
  await createToken(world);
  for (const [name, data] of Object.entries({ "codex-key": { key }, extra: { value: "one", other: "x" } })) {
    await world.post(types.secrets, { metadata: { name }, stringData: data });
  }
  await world.startOperator();
  await createResource(world, "team", { server: { auth: { clients: [claude, own] }, env } });
  await untilSettled(world, "team");
});
afterAll(() => world.dispose());

type Secret = {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly data: Readonly<Record<string, string>>;
};

const secretOf = (name: string) => world.get<Secret>(types.secrets, name);
const textsIn = ({ data }: Secret) =>
  Object.fromEntries(Object.entries(data).map(([each, text]) => [each, Buffer.from(text, "base64").toString()]));
const textsOf = async (name: string) => textsIn(await secretOf(name));
const fileOfKeys = async () => JSON.parse((await textsOf("team-api-keys"))["api-keys.json"] ?? "") as ApiKeyFile;

type Workload = { readonly spec: { readonly template: object } };
const templatesOf = async () => ({
  server: (await world.get<Workload>(types.deployments, "team-mcp-server")).spec.template,
  bridge: (await world.get<Workload>(types.statefulSets, "team-bridge")).spec.template,
});

const ask = (name: string, wish: string) =>
  world.patch(types.secrets, name, { metadata: { annotations: { "cctelegram.io/rotate": wish } } });

/** Waits until a Secret has another value, and no other one beside it; returns that. */
const untilReplaced = (name: string, field: string, before: string | undefined) =>
  eventually(async () => {
    const { [field]: value, next, previous } = await textsOf(name);
    expect(value).not.toBe(before);
    expect([next, previous]).toEqual([undefined, undefined]);
    return value;
  });

describe("the secret between server and bridge", () => {
  test("is rotated step by step when somebody asks, and replaces no pod", async () => {
    const before = await templatesOf();
    const { secret: old } = await textsOf("team-hmac");
    await ask("team-hmac", "first");
    const { next } = await eventually(async () => {
      const texts = await textsOf("team-hmac");
      expect(texts).toMatchObject({ secret: old, next: expect.stringMatching(/^[0-9a-f]{64}$/) });
      return texts;
    });
    const { annotations } = await eventually(async () => {
      const secret = await secretOf("team-hmac");
      expect(textsIn(secret)).toMatchObject({ secret: next, previous: old });
      return secret.metadata;
    });
    const since = Date.parse(annotations["cctelegram.io/since"] ?? "");
    expect(annotations).toMatchObject({
      "cctelegram.io/rotated": "first",
      "cctelegram.io/previous-until": new Date(since + hmacGraceMs).toISOString(),
    });
    await untilReplaced("team-hmac", "secret", old);
    expect(await templatesOf()).toEqual(before);
    await eventually(async () =>
      expect(Object.values(await fileOfKeys()).filter(({ name }) => name === "cctelegram-operator")).toHaveLength(1),
    );
  });

  test("has one successor, also when the operator is killed after each single write of a Secret", async () => {
    const old = await untilReplaced("team-hmac", "secret", undefined);
    const seen = new Set([old]);
    await ask("team-hmac", "second");
    for (let isDone = false; !isDone; ) {
      await world.stopOperator();
      writesLeft = 1;
      await world.startOperator();
      isDone = await eventually(async () => {
        const { secret = "", next = secret, previous = secret, ...others } = await textsOf("team-hmac");
        for (const each of [secret, next, previous]) seen.add(each);
        const isReplaced = secret !== old && next === secret && previous === secret;
        expect(isReplaced || writesLeft === 0).toBe(true);
        expect(Object.keys(others)).toEqual(["salt"]);
        return isReplaced;
      });
    }
    writesLeft = Number.POSITIVE_INFINITY;
    await world.restartOperator(1);
    expect(seen.size).toBe(2);
    await untilSettled(world, "team");
  });
});

test("the password of the dashboard is another one when somebody asks, and the pods stay", async () => {
  await changeSpec(world, "team", { monitoring: { dashboard: { mode: "Enabled" } } });
  await untilSettled(world, "team");
  const before = await templatesOf();
  const { password } = await textsOf("team-dashboard");
  await ask("team-dashboard", "first");
  await untilReplaced("team-dashboard", "password", password);
  expect(await templatesOf()).toEqual(before);
});

describe("a client's own key", () => {
  test("is known to the servers by its hash alone, and the connection Secret says where it is", async () => {
    expect(await fileOfKeys()).toHaveProperty([hashedKey(key), "name"], "codex");
    expect(await textsOf("team-connection-codex")).toMatchObject({ keySecretName: "codex-key", keySecretKey: "key" });
    const all = await world.client.list(`/api/v1/namespaces/${world.namespace}/secrets`);
    const holders = all.filter((secret) => JSON.stringify(secret).includes(Buffer.from(key).toString("base64")));
    expect(holders.map(({ metadata }) => metadata.name)).toEqual(["codex-key"]);
  });

  test("counts as soon as it changes, the one before for the time of grace, and no pod is replaced", async () => {
    const before = await templatesOf();
    const another = "another-key-that-somebody-brought";
    await world.patch(types.secrets, "codex-key", { stringData: { key: another } });
    await eventually(async () => expect(await fileOfKeys()).toHaveProperty([hashedKey(another), "name"], "codex"));
    expect(await fileOfKeys()).toHaveProperty([hashedKey(key), "expires"]);
    expect((await fileOfKeys())[hashedKey(another)]).not.toHaveProperty("expires");
    expect(await templatesOf()).toEqual(before);
  });

  test("that cannot be used is told in a condition with what to do, and comes back without anybody's doing", async () => {
    await untilCondition(world, "team", "SecretsCurrent", { status: "True", reason: "Current" });
    await world.patch(types.secrets, "codex-key", { stringData: { key: "short" } });
    await untilCondition(world, "team", "SecretsCurrent", { status: "False", reason: "KeyUnusable" });
    const { key: made = "" } = await textsOf("team-connection-claude");
    await world.patch(types.secrets, "codex-key", { stringData: { key: made } });
    await untilCondition(world, "team", "SecretsCurrent", { status: "False", reason: "KeyTaken" });
    expect(await fileOfKeys()).toHaveProperty([hashedKey(made), "name"], "claude");
    await world.delete(types.secrets, "codex-key");
    const { status } = await untilCondition(world, "team", "SecretsCurrent", { reason: "KeySecretNotFound" });
    expect(status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
    await world.post(types.secrets, { metadata: { name: "codex-key" }, stringData: { key } });
    await untilCondition(world, "team", "SecretsCurrent", { status: "True", reason: "Current" });
    await untilCondition(world, "team", "Degraded", { status: "False" });
  });
});

test("another value behind a variable replaces the pods of that part alone; another label, or another value, does nothing", async () => {
  await untilSettled(world, "team");
  const before = await templatesOf();
  // The one before has sent its last events.
  await world.restartOperator();
  await world.audit.reset();
  await world.patch(types.secrets, "extra", { metadata: { labels: { colour: "blue" } }, stringData: { other: "y" } });
  await world.restartOperator(1);
  expect(await writesOf(world)).toEqual([]);
  await world.delete(types.secrets, "extra");
  await untilCondition(world, "team", "Degraded", { status: "True", reason: "SecretNotFound" });
  expect(await templatesOf()).toEqual(before);
  await world.post(types.secrets, { metadata: { name: "extra" }, stringData: { value: "two" } });
  const after = await eventually(async () => {
    const templates = await templatesOf();
    expect(templates.server).not.toEqual(before.server);
    return templates;
  });
  expect(after.bridge).toEqual(before.bridge);
  await untilSettled(world, "team");
});

test("another value in a ConfigMap behind a variable replaces the pods of that part alone", async () => {
  const configMapKeyRef = { name: "settings", key: "level" };
  await world.post(types.configMaps, { metadata: { name: "settings" }, data: { level: "one", other: "x" } });
  await changeSpec(world, "team", { bridge: { env: [{ name: "LEVEL", valueFrom: { configMapKeyRef } }] } });
  await eventually(async () => expect(JSON.stringify((await templatesOf()).bridge)).toContain("settings"));
  await untilSettled(world, "team");
  const before = await templatesOf();
  // The one before has sent its last events.
  await world.restartOperator();
  await world.audit.reset();
  await world.patch(types.configMaps, "settings", { data: { other: "y" } });
  await world.restartOperator(1);
  expect(await writesOf(world)).toEqual([]);
  await world.patch(types.configMaps, "settings", { data: { level: "two" } });
  const after = await eventually(async () => {
    const templates = await templatesOf();
    expect(templates.bridge).not.toEqual(before.bridge);
    return templates;
  });
  expect(after.server).toEqual(before.server);
  await untilSettled(world, "team");
});

test("what is older than its schedule is replaced by itself, and its age and its next day are in the status", async () => {
  const { key: made } = await textsOf("team-connection-claude");
  const { secret } = await textsOf("team-hmac");
  const monitoring = { dashboard: { mode: "Enabled", rotationDays: 90 } };
  await changeSpec(world, "team", {
    ...{ server: { auth: { rotationDays: 90 } }, bridge: { hmacRotationDays: 90 }, monitoring },
  });
  await untilSettled(world, "team");
  expect(await textsOf("team-connection-claude")).toMatchObject({ key: made });
  const { password } = await textsOf("team-dashboard");
  const before = await templatesOf();
  world.aheadMs = 91 * dayMs;
  await world.restartOperator(1);
  await Promise.all([
    untilReplaced("team-connection-claude", "key", made),
    untilReplaced("team-hmac", "secret", secret),
    untilReplaced("team-dashboard", "password", password),
  ]);
  await untilAnnounced(world, "team", "RotationDue");
  await untilAnnounced(world, "team", "SecretRotated");
  expect(await templatesOf()).toEqual(before);
  const { annotations } = (await secretOf("team-hmac")).metadata;
  const since = annotations["cctelegram.io/since"] ?? "";
  const rotates = new Date(Date.parse(since) + 90 * dayMs).toISOString();
  await eventually(async () => {
    const { status } = await readResource(world, "team");
    expect(status?.secrets).toContainEqual({ name: "team-hmac", since, rotates });
  });
  await untilCondition(world, "team", "SecretsCurrent", { status: "True", reason: "Current" });
});
