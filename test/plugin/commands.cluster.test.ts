import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { ServerTelling } from "../../contract/monitoring-servers.ts";
import * as types from "../../operator/deployment/resource-types.ts";
import { isNotFound } from "../../operator/runtime/api-error.ts";
import { resourcePath } from "../../operator/runtime/resource-type.ts";
import { exitCodes } from "../../plugin/exit-codes.ts";
import {
  createResource,
  createToken,
  eventually,
  type Resource,
  readResource,
  untilCondition,
  untilSettled,
} from "../operator/deployment/support/steps.ts";
import { minimalSpec, World } from "../operator/deployment/support/world.ts";
import { testNamespace } from "../operator/runtime/api-server.ts";
import {
  bridgeFor,
  configFor,
  eventOf,
  type Scratch,
  scratch,
  type TestBridge,
  until,
} from "../server/bridge/support.ts";
import { startTelegram, type TelegramServer } from "../telegram/telegram.ts";
import { type CommandLine, runPlugin } from "./support/command-line.ts";

const ANNA = 7;
const viewer = "viewer@example.com";

let world: World;
let telegram: TelegramServer;
let bridge: TestBridge;
let files: Scratch;

beforeAll(async () => {
  world = await World.create("plugin");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
  await createResource(world, "team", { telegram: { ...minimalSpec.telegram, pairing: "Code" } });
  await createResource(world, "late", { telegram: { botTokenSecretRef: { name: "absent" }, allowedUsers: [1] } });
  await untilSettled(world, "team");
  await untilCondition(world, "late", "Ready", { reason: "BotTokenSecretNotFound" });
  [telegram, files] = [await startTelegram({ limits: false }), await scratch()];
  const hmacSecret = decoded(await world.get<Secret>(types.secrets, "team-hmac"), "secret");
  const receiving = {
    allowedUsers: [ANNA],
    messagesPerSecond: 1_000,
    messagesPerChatPerSecond: 1_000,
    updates: { mode: "Polling" },
    pairing: "Code",
  } as const;
  bridge = await bridgeFor(configFor(files.path, telegram.url, { hmac: { secret: hmacSecret }, telegram: receiving }));
  await until("the bridge", () => bridge.obstacles().length === 0);
});
afterAll(async () => {
  await bridge?.close();
  await telegram?.close();
  await files?.[Symbol.asyncDispose]();
  await world?.dispose();
});

type Secret = Resource & { readonly data: Readonly<Record<string, string>> };

const decoded = ({ data }: Secret, key: string) => Buffer.from(data[key] ?? "", "base64").toString();
const secret = (name: string) => world.get<Secret>(types.secrets, name);
const at = () => ["-n", world.namespace, "--kubeconfig", inject("kubeconfig")];
const plugin = (words: readonly string[], given: CommandLine = {}) =>
  runPlugin([...words, ...at()], { ports: { 9001: bridge.url }, folder: files.path, ...given });
const json = async (...words: string[]) => JSON.parse((await plugin([...words, "-o", "json"])).stdout);
const spec = async () => (await readResource(world, "team")).spec;
const clients = async () => ((await spec()).server as { auth: { clients: { name: string }[] } }).auth.clients;
const annotations = async (name: string) => (await readResource(world, name)).metadata.annotations ?? {};

/** Whether the resource's definition in this cluster has a field. */
async function knows(part: "spec" | "status", field: string): Promise<boolean> {
  type Definition = {
    spec: { versions: { schema: { openAPIV3Schema: { properties: Record<string, { properties: object }> } } }[] };
  };
  const path = resourcePath(types.customResourceDefinitions, { name: "cctelegramdeployments.cctelegram.io" });
  const [version] = (await world.client.get<Definition>(path)).spec.versions;
  return field in version!.schema.openAPIV3Schema.properties[part]!.properties;
}

describe("status", () => {
  test("shows parts and pods of what is ready", async () => {
    const { code, stdout } = await plugin(["status", "team"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`✓ team in ${world.namespace}: Ready`);
    expect(stdout).toMatch(/✓ pod team-mcp-server-\S+: ready/);
    expect(stdout).toMatch(/✓ pod team-bridge-0: ready/);
  });

  test("says why something is not ready and what to do, and ends with another code where that is asked for", async () => {
    const { code, stdout, stderr } = await plugin(["status", "--exit-code"]);
    expect(stdout).toContain("BotTokenSecretNotFound: Secret absent does not exist: kubectl -n");
    expect(code).toBe(exitCodes.notReady);
    expect(stderr).toContain("Not ready: late.");
    expect((await plugin(["status"])).code).toBe(0);
  });

  test("is the same for programs", async () => {
    const [late] = await json("status", "late");
    expect(late).toMatchObject({ name: "late", state: "bad" });
    expect(late.causes.map(({ part, reason }: { part: string; reason: string }) => `${part}: ${reason}`)).toEqual([
      "bridge: NotCreated",
      "bridge: BotTokenSecretNotFound",
    ]);
    const yaml = load((await plugin(["status", "team", "-o", "yaml"])).stdout);
    expect(yaml).toMatchObject([{ name: "team", state: "ok" }]);
  });

  test("offers the near name of one that does not exist", async () => {
    const { code, stderr } = await plugin(["status", "taem"]);
    expect(code).toBe(exitCodes.notFound);
    expect(stderr).toContain('Did you mean "team"?');
    const elsewhere = await runPlugin(["status", "-n", "nowhere", "--kubeconfig", inject("kubeconfig")]);
    expect(elsewhere).toMatchObject({
      code: exitCodes.notFound,
      stderr: expect.stringContaining("in namespace nowhere"),
    });
  });
});

describe("a cluster that cannot be asked", () => {
  test("is named, and so is a context that does not exist", async () => {
    const nobody = join(files.path, "nobody.yaml");
    const cluster = { server: "https://127.0.0.1:1", "insecure-skip-tls-verify": true };
    const config = {
      clusters: [{ name: "c", cluster }],
      users: [{ name: "anna", user: { token: "x" } }],
      contexts: [{ name: "here", context: { cluster: "c", user: "anna" } }],
      "current-context": "here",
    };
    writeFileSync(nobody, dump(config));
    const silent = await runPlugin(["status", "--kubeconfig", nobody]);
    expect(silent).toMatchObject({
      code: exitCodes.unreachable,
      stderr: expect.stringContaining("https://127.0.0.1:1 does not answer"),
    });
    const context = await runPlugin(["status", "--kubeconfig", nobody, "--context", "hree"]);
    expect(context).toMatchObject({
      code: exitCodes.unreachable,
      stderr: expect.stringContaining('Did you mean "here"?'),
    });
    const none = await runPlugin(["status"], { env: { KUBECONFIG: join(files.path, "absent.yaml") } });
    expect(none).toMatchObject({
      code: exitCodes.unreachable,
      stderr: expect.stringContaining("No cluster is configured"),
    });
  });

  test("refuses a user who may only look, and the message names the right that is missing", async () => {
    await world.client.request({
      method: "POST",
      path: `/apis/rbac.authorization.k8s.io/v1/namespaces/${world.namespace}/rolebindings`,
      body: {
        metadata: { name: "viewer" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: viewer }],
      },
    });
    const config = load(readFileSync(inject("kubeconfig"), "utf8")) as { users: { user: object }[] };
    config.users = config.users.map((user) => ({ ...user, user: { ...user.user, as: viewer } }));
    const kubeconfig = join(files.path, "viewer.yaml");
    writeFileSync(kubeconfig, dump(config));
    const asViewer = (...words: string[]) =>
      runPlugin([...words, "-n", world.namespace, "--kubeconfig", kubeconfig], { ports: { 9001: bridge.url } });
    await eventually(async () => expect((await asViewer("status", "team")).stdout).toContain("✓ team"));
    const queue = await asViewer("queue", "list", "team");
    expect(queue.code).toBe(exitCodes.forbidden);
    expect(queue.stderr).toContain(`User "${viewer}" may not get secrets in namespace ${world.namespace}.`);
    const change = await asViewer("pause", "reconciliation", "team", "--yes");
    expect(change.stderr).toContain("may not patch cctelegramdeployments.cctelegram.io");
    expect(await asViewer("keys", "list", "team")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("unknown"),
    });
  });
});

describe("keys", () => {
  test("create adds clients, also two at the same time, and waits for their keys", async () => {
    const create = (name: string) =>
      plugin(["keys", "create", "team", name, "--permission", "group:sending", "--permission", "resource:*"]);
    const ends = await Promise.all([create("ci"), create("cursor")]);
    expect(ends.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual([0, 0]);
    expect((await clients()).map(({ name }) => name).toSorted()).toEqual(["ci", "claude", "cursor"]);
    expect(await clients()).toContainEqual({ name: "ci", permissions: ["group:sending", "resource:*"] });
    expect(await plugin(["keys", "create", "team", "ci"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has a client "ci" already'),
    });
  });

  test("list shows their state, and no key", async () => {
    const { stdout } = await plugin(["keys", "list", "team", "-o", "wide"]);
    const key = decoded(await secret("team-connection-ci"), "key");
    expect(stdout).toMatch(
      /^ci +Enabled +present +\d+s +never +group:sending,resource:\* +default +never +team-connection-ci$/m,
    );
    expect(stdout).not.toContain(key);
  });

  test("config prints what programs read, with the key", async () => {
    const stored = await secret("team-connection-ci");
    const printed = await plugin(["keys", "config", "team", "ci"]);
    expect(JSON.parse(printed.stdout)).toEqual(JSON.parse(decoded(stored, "mcp.json")));
    expect(printed.stderr).toContain("inside the cluster alone");
    const code = await plugin([
      "keys",
      "config",
      "team",
      "ci",
      "--client",
      "vscode",
      "--url",
      "https://mcp.example.com/mcp",
    ]);
    expect(JSON.parse(code.stdout)).toMatchObject({ servers: { cctelegram: { url: "https://mcp.example.com/mcp" } } });
    expect(code.stderr).toBe("");
    const unknown = await plugin(["keys", "config", "team", "cl"]);
    expect(unknown).toMatchObject({
      code: exitCodes.notFound,
      stderr: expect.stringContaining("Of clients there are"),
    });
  });

  test("rotate asks the operator for another key", async () => {
    const before = decoded(await secret("team-connection-ci"), "key");
    const refused = await plugin(["keys", "rotate", "team", "ci"]);
    expect(refused).toMatchObject({ code: exitCodes.declined, stderr: expect.stringContaining("--yes") });
    expect((await secret("team-connection-ci")).metadata.annotations).not.toHaveProperty(["cctelegram.io/rotate"]);
    expect(await plugin(["keys", "rotate", "team", "ci", "--yes"])).toMatchObject({ code: 0 });
    await eventually(async () => expect((await secret("team-connection-ci")).data).toHaveProperty("next"));
    expect(decoded(await secret("team-connection-ci"), "next")).not.toBe(before);
    expect((await plugin(["keys", "list", "team"])).stdout).toMatch(/^ci .*rotating/m);
  });

  test("revoke refuses a key, accepts it again, and takes it away with its Secret", async () => {
    await plugin(["keys", "revoke", "team", "cursor", "--disable", "--yes"]);
    expect(await clients()).toContainEqual(expect.objectContaining({ name: "cursor", access: "Disabled" }));
    await plugin(["keys", "revoke", "team", "cursor", "--enable"]);
    expect(await clients()).toContainEqual(expect.objectContaining({ name: "cursor", access: "Enabled" }));
    expect(await plugin(["keys", "revoke", "team", "cursor", "--dry-run"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("dry run"),
    });
    expect(await clients()).toHaveLength(3);
    expect(await plugin(["keys", "revoke", "team", "cursor", "--yes"])).toMatchObject({ code: 0 });
    expect((await clients()).map(({ name }) => name)).toEqual(["claude", "ci"]);
    await eventually(() => expect(secret("team-connection-cursor")).rejects.toSatisfy(isNotFound));
  });
});

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();

/** What a server with a dashboard tells the bridge. */
function telling(bans: ServerTelling["bans"]): ServerTelling {
  const per_minute = { requests: 0, errors: 0, limited: 0, unauthenticated: 0, tool_calls: 0 };
  const usage = { draining: false, memory_bytes: 1, event_loop_delay_ms: 0, streams: 0, per_minute };
  const times = { started_at: inMinutes(-60), seen_at: inMinutes(0) };
  return {
    process: "one",
    report: { name: "one", role: "server", version: "1", health: "healthy", reasons: [], ...times, ...usage },
    totals: { requests: 0, errors: 0, limited: 0, unauthenticated: 0 },
    ...{ slow_share: 0, keys_failed: false, bans, bans_total: bans.length },
  };
}

describe("the queue, through the bridge's signed routes", () => {
  const refused = async (id: string) => {
    telegram.control({ blocked: [ANNA] });
    await bridge.accept(eventOf(id));
    await until(`the refusal of ${id}`, () => bridge.eventStatus(id, "tester").state === "refused");
    telegram.control({ reset: true });
  };

  test("list shows refused messages; retry sends one again, once", async () => {
    await refused("a");
    const { dead_letters: letters } = await json("queue", "list", "team");
    expect(letters).toMatchObject([{ event_id: "a", client: "tester", reason: expect.stringContaining("blocked") }]);
    const id = String(letters[0].id);
    expect((await plugin(["queue", "list", "team"])).stdout).toMatch(
      new RegExp(`^${id} +\\d+s .* tester +a +.*blocked`, "m"),
    );
    expect(await plugin(["queue", "retry", "team", id])).toMatchObject({ code: exitCodes.declined });
    const before = telegram.delivered().length;
    expect(await plugin(["queue", "retry", "team", id, "--yes"])).toMatchObject({
      code: 0,
      stdout: `message ${id} of event a is sent again\n`,
    });
    await until("the message", () => telegram.delivered().length === before + 1);
    expect(await plugin(["queue", "retry", "team", id, "--yes"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("was sent again before"),
    });
    expect((await plugin(["queue", "drop", "team", "4711", "--yes"])).code).toBe(exitCodes.notFound);
    expect((await plugin(["queue", "drop", "team", "all", "--yes"])).stderr).toContain("no refused message all");
  });

  test("drop --all deletes them, and a dry run does not", async () => {
    await refused("b");
    await refused("c");
    expect(await plugin(["queue", "drop", "team", "--all", "--dry-run"])).toMatchObject({ code: 0 });
    expect((await json("queue", "list", "team")).dead_letters).toHaveLength(2);
    const page = await json("queue", "list", "team", "--limit", "1");
    expect(page).toMatchObject({ dead_letters: [{ event_id: "c" }], next_before: expect.any(Number) });
    const older = await json("queue", "list", "team", "--before", String(page.next_before));
    expect(older.dead_letters).toMatchObject([{ event_id: "b" }]);
    expect(older).not.toHaveProperty("next_before");
    expect((await json("queue", "list", "team", "--of", "nobody")).dead_letters).toEqual([]);
    expect((await plugin(["queue", "list", "team", "--limit", "101"])).code).toBe(exitCodes.usage);
    expect(await plugin(["queue", "drop", "team", "--all", "--yes"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("2 messages deleted"),
    });
    expect((await json("queue", "list", "team")).dead_letters).toEqual([]);
    expect((await plugin(["queue", "drop", "team", "--yes"])).code).toBe(exitCodes.usage);
  });

  test("delivery is stopped and goes on; drain waits for what was kept, and refuses to wait while it is stopped", async () => {
    expect(await plugin(["pause", "delivery", "team", "--yes"])).toMatchObject({ code: 0 });
    await bridge.accept(eventOf("kept"));
    expect(await json("queue", "list", "team")).toMatchObject({
      queue: { pending: 1 },
      paused: { by: expect.stringMatching(/^kubectl \(/) },
    });
    expect(await plugin(["drain", "team"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("resume delivery"),
    });
    const before = telegram.delivered().length;
    expect(await plugin(["resume", "delivery", "team"])).toMatchObject({ code: 0 });
    expect(await plugin(["drain", "team"])).toMatchObject({ code: 0, stdout: "No message of team waits\n" });
    expect(telegram.delivered()).toHaveLength(before + 1);
    expect((await plugin(["resume", "delivery", "team"])).stdout).toContain("is not stopped");
  });

  test("approvals are listed and taken back", async () => {
    const asked = {
      approval_id: "deploy",
      client: "tester",
      source: "test",
      title: "Deploy 7?",
      description: "To production",
    };
    const rest = { options: ["Yes", "No"], timeout_minutes: 10, on_timeout: "expire", required_approvals: 1 } as const;
    await bridge.approvals.ask({ ...asked, ...rest });
    const [{ approval_id: id }] = await json("approvals", "list", "team", "--state", "pending");
    expect((await plugin(["approvals", "list", "team"])).stdout).toMatch(
      new RegExp(
        `^deploy +pending +tester +\\d+s +\\S+ +0/1 +waits for 1 of ${ANNA} to choose Yes or No +Deploy 7\\?$`,
        "m",
      ),
    );
    expect(await plugin(["approvals", "withdraw", "team", id, "--yes"])).toMatchObject({ code: 0 });
    expect(bridge.approvals.approval(id, undefined).state).toBe("withdrawn");
    expect((await plugin(["approvals", "withdraw", "team", "nothing", "--yes"])).code).toBe(exitCodes.notFound);
  });

  test("somebody new is let in by the code that the bot told them", async () => {
    telegram.control({ says: [{ from: { id: 50, first_name: "N\u001bina" }, text: "hello" }] });
    const told = () => telegram.delivered().find(({ chat_id, text }) => chat_id === 50 && text?.includes("/pair: "));
    await until("the code", () => told() !== undefined);
    const code = told()!.text!.slice(-6);
    expect(await plugin(["pair", "team", "hello", "--yes"])).toMatchObject({
      code: exitCodes.usage,
      stderr: expect.stringContaining("six letters and digits"),
    });
    expect(await plugin(["pair", "team", "222222", "--yes"])).toMatchObject({
      code: exitCodes.notFound,
      stderr: expect.stringMatching(/Nobody was told this code.*write to the bot/s),
    });
    expect(await plugin(["pair", "late", code, "--yes"])).toMatchObject({
      code: exitCodes.failed,
      stderr: expect.stringContaining("Set telegram.pairing of the resource to Code"),
    });
    expect((await plugin(["pair", "team", code])).code).toBe(exitCodes.declined);
    expect((await plugin(["pair", "team", code, "--dry-run"])).stdout).toContain("nothing was changed");
    expect(bridge.log.some((line) => line.includes('"user_id":50') && line.includes('"outcome":"done"'))).toBe(false);
    expect(await json("pair", "team", code.toUpperCase(), "--yes")).toMatchObject({ user_id: 50, username: null });
    await until("the welcome", () =>
      telegram.delivered().some(({ text }) => text?.includes("You may talk to this bot")),
    );
    const again = await plugin(["pair", "team", code, "--yes"]);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("(50) may talk to the bot: /unpair 50") });
    expect(again.stdout).not.toContain("\u001b");
  });

  test("bans that servers tell of are listed, and lifting one tells all servers", async () => {
    const ban = {
      address: "203.0.113.7",
      reason: "exceeded_limits",
      client: "ci",
      since: inMinutes(-10),
      until: inMinutes(20),
    } as const;
    await bridge.monitoring.tell(telling([ban]));
    expect((await plugin(["bans", "list", "team"])).stdout).toMatch(
      /^203\.0\.113\.7 +the key of ci +exceeded_limits +10m +\d+m +one$/m,
    );
    expect((await plugin(["bans", "lift", "team", "203.0.113.8", "--yes"])).stdout).toContain("is not banned");
    expect((await plugin(["bans", "lift", "team", "203.0.113.7"])).code).toBe(exitCodes.declined);
    const lifting = plugin(["bans", "lift", "team", "203.0.113.7", "--yes"]);
    const said = () => bridge.relay.recall({ topic: "bans/lifted" }).messages;
    await until("the word to all servers", () => said().length === 1);
    expect(JSON.parse(said()[0]!.text)).toEqual({ address: "203.0.113.7", by: expect.stringMatching(/^kubectl \(/) });
    await bridge.monitoring.tell(telling([]));
    expect(await lifting).toMatchObject({ code: 0, stdout: expect.stringContaining("is banned no more") });
    expect((await plugin(["bans", "list", "team"])).stdout).toBe("Nobody is banned.\n");
  });

  test("who has another secret is refused, and told so", async () => {
    const other = await scratch();
    const stranger = await bridgeFor(
      configFor(other.path, telegram.url, { telegram: { token: "987654321:AAabcdefghijklmnopqrstuvwxyz0123456" } }),
    );
    const { code, stderr } = await plugin(["queue", "list", "team"], { ports: { 9001: stranger.url } });
    expect(code).toBe(1);
    expect(stderr).toContain("signature does not count");
    await stranger.close();
    await other[Symbol.asyncDispose]();
  });

  test("a bridge that does not answer is told as such", async () => {
    const { code, stderr } = await plugin(["queue", "list", "team"], { ports: {} });
    expect(code).toBe(exitCodes.failed);
    expect(stderr).toContain("ECONNREFUSED");
  });
});

describe("what is asked of the operator", () => {
  test("pausing reconciliation and resuming it are fields of the resource", async () => {
    expect((await plugin(["pause", "reconciliation", "team"])).code).toBe(exitCodes.declined);
    expect((await plugin(["pause", "reconciliation", "team", "--dry-run"])).stdout).toContain("dry run");
    expect((await spec()).reconciliation).toBe("Active");
    await plugin(["pause", "reconciliation", "team", "--yes"]);
    expect((await spec()).reconciliation).toBe("Paused");
    await untilCondition(world, "team", "Paused", { status: "True" });
    expect((await plugin(["status", "team"])).stdout).toContain("PausedByUser");
    await plugin(["resume", "reconciliation", "team"]);
    expect((await spec()).reconciliation).toBe("Active");
  });

  test("hibernating is a field; a definition that does not have it yet says so instead of dropping it", async () => {
    const { code, stderr } = await plugin(["hibernate", "late", "--yes"]);
    if (await knows("spec", "activity")) {
      expect(code).toBe(0);
      expect((await readResource(world, "late")).spec.activity).toBe("Hibernated");
      expect((await plugin(["wake", "late"])).code).toBe(0);
      expect((await readResource(world, "late")).spec.activity).toBe("Active");
    } else {
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("has no field spec.activity"),
      });
    }
  });

  test("rollouts are steered by annotations; a resource that tells of no revisions is left alone", async () => {
    // Here no operator writes the status.
    const { client, namespace, dispose } = await testNamespace("revisions");
    const path = resourcePath(types.cctelegramDeployments, { namespace });
    const body = {
      apiVersion: "cctelegram.io/v1alpha1",
      kind: "CCTelegramDeployment",
      metadata: { name: "quiet" },
      spec: minimalSpec,
    };
    await client.request({ method: "POST", path, body });
    const there = (...words: string[]) => runPlugin([...words, "-n", namespace, "--kubeconfig", inject("kubeconfig")]);
    expect(await there("promote", "quiet", "--yes")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("tells of no revisions"),
    });
    if (await knows("status", "rollout")) {
      const revision = (number: number, outcome: string) => ({
        revision: number,
        outcome,
        template: "x",
        image: "x:1",
        message: "",
        since: "2026-01-01T00:00:00Z",
      });
      const status = {
        rollout: {
          revision: 2,
          target: 3,
          revisions: [revision(1, "Superseded"), revision(2, "Active"), revision(3, "Previewing")],
        },
      };
      await client.request({
        method: "PATCH",
        path: `${path}/quiet/status`,
        contentType: "application/merge-patch+json",
        body: { status },
      });
      for (const words of [["promote"], ["rollback"], ["undo", "--to", "1"]]) {
        expect(await there(...words, "quiet", "--yes")).toMatchObject({ code: 0 });
      }
      const { metadata } = await client.get(`${path}/quiet`);
      expect(metadata.annotations).toMatchObject({ "cctelegram.io/promote": "3", "cctelegram.io/undo": "1" });
    }
    await dispose();
  });

  test("promote --to carries the image that ready servers run to another resource", async () => {
    const target = `${world.namespace}/late`;
    expect(await plugin(["promote", "late", "--to", `${world.namespace}/team`, "--yes"])).toMatchObject({
      code: exitCodes.notReady,
    });
    await untilSettled(world, "team");
    expect(await plugin(["promote", "team", "--to", target, "--yes"])).toMatchObject({ code: 0 });
    expect((await readResource(world, "late")).spec.images).toMatchObject({
      server: "docker.io/cctelegram/server:1.2.3",
    });
    expect((await plugin(["promote", "team", "--to", target])).stdout).toContain("already");
    expect(await annotations("late")).not.toHaveProperty(["cctelegram.io/promote"]);
  });
});

describe("a support bundle", () => {
  const planted = {
    variable: "hunter2-of-a-variable",
    secret: "planted-secret-of-somebody",
    annotated: "planted-in-an-annotation",
  };

  test("has objects, events, state of the bridge, and no secret, wherever it was planted", async () => {
    await world.post(types.secrets, { metadata: { name: "pull" }, stringData: { auth: planted.secret } });
    await world.patch(types.cctelegramDeployments, "team", {
      metadata: {
        annotations: {
          "kubectl.kubernetes.io/last-applied-configuration": planted.annotated,
          note: `see ${planted.secret}`,
        },
      },
      spec: {
        images: { pullSecrets: ["pull"] },
        server: { env: [{ name: "UPSTREAM_PASSWORD", value: planted.variable }] },
      },
    });
    await untilSettled(world, "team");
    const ends = await plugin(["report", "team", "-f", "bundle.tar.gz"]);
    expect(ends, ends.stderr).toMatchObject({ code: 0, stdout: "bundle.tar.gz\n" });
    const path = join(files.path, "bundle.tar.gz");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const names = execFileSync("tar", ["-tzf", path], { encoding: "utf8" }).trim().split("\n");
    const text = execFileSync("tar", ["-xzOf", path], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
    for (const part of [
      "README.txt",
      "resource.yaml",
      "status.txt",
      "events.txt",
      "definition.yaml",
      "bridge/monitoring.json",
      "objects/Secret-team-hmac.yaml",
      "objects/Pod-team-bridge-0.yaml",
    ]) {
      expect(names).toContain(`cctelegram-report-team/${part}`);
    }
    expect(text).toContain("UPSTREAM_PASSWORD");
    const stored = [
      await secret("team-hmac"),
      await secret("team-connection-claude"),
      await secret("team-connection-ci"),
      await secret("telegram"),
    ];
    const values = stored
      .flatMap(({ data }) => Object.entries(data))
      .filter(([key]) => ["secret", "key", "next", "token"].includes(key));
    const secrets = [...Object.values(planted), ...values.map(([, value]) => Buffer.from(value, "base64").toString())];
    expect(secrets.length).toBeGreaterThan(6);
    const forms = secrets.flatMap((value) => [value, Buffer.from(value).toString("base64")]);
    expect(forms.filter((form) => text.includes(form))).toEqual([]);
  });
});
