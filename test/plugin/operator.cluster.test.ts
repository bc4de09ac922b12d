import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import * as types from "../../operator/deployment/resource-types.ts";
import { exitCodes } from "../../plugin/exit-codes.ts";
import { filesIn } from "../../plugin/files.ts";
import { endAttempt, resultOf } from "../operator/backup/attempt.ts";
import { createClaim } from "../operator/deployment/support/disks.ts";
import {
  conditionOf,
  createResource,
  createToken,
  eventually,
  exists,
  type Resource,
  readResource,
  untilCondition,
  untilSettled,
} from "../operator/deployment/support/steps.ts";
import { World } from "../operator/deployment/support/world.ts";
import { type Scratch, scratch } from "../server/bridge/support.ts";
import { type CommandLine, runPlugin } from "./support/command-line.ts";

let world: World;
let files: Scratch;

beforeAll(async () => {
  [world, files] = [await World.create("steered"), await scratch()];
  world.kubelet.start();
  world.settings = { ...world.settings, keySpreadMs: 3_000 };
  await createToken(world);
  await createClaim(world, "backups");
  await world.startOperator();
  await createResource(world, "team");
  await untilSettled(world, "team");
});
afterAll(async () => {
  await files?.[Symbol.asyncDispose]();
  await world?.dispose();
});

const plugin = (words: readonly string[], given: CommandLine = {}) =>
  runPlugin([...words, "-n", world.namespace, "--kubeconfig", inject("kubeconfig")], { folder: files.path, ...given });

/** Of a command that has to end well. */
async function done(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await plugin(words);
  expect({ words, code, stderr: code === 0 ? "" : stderr }).toEqual({ words, code: 0, stderr: "" });
  return stdout;
}

const resource = (name: string) => readResource(world, name);

/** Every command that is about one resource. */
const commands: readonly (readonly string[])[] = [
  ["status", "absent"],
  ["logs", "absent"],
  ["events", "absent"],
  ["keys", "list", "absent"],
  ["keys", "config", "absent", "ci"],
  ["keys", "create", "absent", "ci"],
  ["keys", "rotate", "absent", "ci", "--yes"],
  ["keys", "revoke", "absent", "ci", "--yes"],
  ["approvals", "list", "absent"],
  ["approvals", "withdraw", "absent", "deploy", "--yes"],
  ["queue", "list", "absent"],
  ["queue", "retry", "absent", "1", "--yes"],
  ["queue", "drop", "absent", "1", "--yes"],
  ["bans", "list", "absent"],
  ["bans", "lift", "absent", "203.0.113.7", "--yes"],
  ["drain", "absent"],
  ["pause", "delivery", "absent", "--yes"],
  ["resume", "delivery", "absent"],
  ["pause", "reconciliation", "absent", "--yes"],
  ["resume", "reconciliation", "absent"],
  ["hibernate", "absent", "--yes"],
  ["wake", "absent"],
  ["promote", "absent", "--yes"],
  ["promote", "team", "--to", "elsewhere/absent", "--yes"],
  ["rollback", "absent", "--yes"],
  ["undo", "absent", "--yes"],
  ["backup", "absent"],
  ["restore", "absent", "again", "--yes"],
  ["send", "absent", "hello"],
  ["connect", "absent"],
  ["report", "absent"],
];

test.each(commands.map((words) => ({ words, line: words.join(" ") })))(
  "$line says that there is none",
  async ({ words }) => {
    const { code, stderr } = await plugin(words);
    expect({ code, stderr }).toEqual({ code: exitCodes.notFound, stderr: expect.stringMatching(/[Nn]o .*absent/) });
  },
);

describe("keys", () => {
  test("rotate --wait ends when the operator has put the new key in the place of the old one", async () => {
    type Secret = Resource & { readonly data: Readonly<Record<string, string>> };
    const key = async () => (await world.get<Secret>(types.secrets, "team-connection-claude")).data.key;
    const before = await key();
    expect(await done("keys", "rotate", "team", "claude", "--wait", "--yes")).toContain("gets another key");
    expect(await key()).not.toBe(before);
    const hurried = await plugin(["keys", "rotate", "team", "claude", "--wait", "--timeout", "1s", "--yes"]);
    expect(hurried.code).toBe(exitCodes.timedOut);
  });
});

describe("backups", () => {
  const storing = async (name: string, words: readonly string[]) => {
    const [ended] = await Promise.all([plugin(words), endAttempt(world, name, 0, resultOf(world, name))]);
    return ended;
  };

  test("backup is followed to its end, and tells size, place and how to restore it", async () => {
    const words = ["backup", "team", "--name", "nightly", "--claim", "backups", "--path", "here", "--verify"];
    const { code, stdout } = await storing("nightly", words);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [
        "Backup nightly: 4096 bytes, verified",
        `stored at ${resultOf(world, "nightly").location}`,
        `sha256 ${"a".repeat(64)}`,
        "kubectl cctelegram restore nightly NAME restores it into a new resource",
        "",
      ].join("\n"),
    });
    const stored = await storing("json", ["backup", "team", "--name", "json", "--claim", "backups", "-o", "json"]);
    expect(JSON.parse(stored.stdout)).toMatchObject({ name: "json", sizeBytes: 4096, verified: "True" });
  });

  test("one without a place, or of a name that is taken, says so", async () => {
    const nowhere = await plugin(["backup", "team", "--name", "nowhere"]);
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining("backup.target") });
    const again = await plugin(["backup", "team", "--name", "nightly", "--claim", "backups"]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("nightly") });
    expect(await done("backup", "team", "--name", "tried", "--claim", "backups", "--dry-run")).toContain("dry run");
    expect(await exists(world, types.cctelegramBackups, "tried")).toBe(false);
  });

  test("restore makes a resource of one, with the spec of the former, and waits until it is ready", async () => {
    await world.patch(types.cctelegramDeployments, "team", { spec: { server: { logLevel: "warn" } } });
    expect(await done("restore", "nightly", "again", "--yes")).toBe("again has what was in the backup nightly\n");
    const { spec, ...again } = await resource("again");
    expect(spec).toMatchObject({ restoreFrom: { backupName: "nightly" }, server: { logLevel: "warn" } });
    expect(conditionOf({ spec, ...again }, "Restored")).toMatchObject({ status: "True" });
    await world.delete(types.cctelegramDeployments, "again");
  });

  test("restore refuses a backup that has not ended, a name that is taken, and a file that is no manifest", async () => {
    await done("backup", "team", "--name", "runs", "--claim", "backups", "--no-wait");
    const early = await plugin(["restore", "runs", "early", "--yes"]);
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining("runs") });
    const near = await plugin(["restore", "nightli", "early", "--yes"]);
    expect(near).toMatchObject({ code: exitCodes.notFound, stderr: expect.stringMatching(/"nightli".*"nightly"/) });
    const taken = await plugin(["restore", "nightly", "team", "--yes"]);
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining("team") });
    const absent = await plugin(["restore", "nightly", "early", "-f", "absent.yaml", "--yes"]);
    expect(absent).toMatchObject({ code: 1, stderr: expect.stringContaining("absent.yaml") });
    expect((await plugin(["restore", "nightly", "early"])).code).toBe(exitCodes.declined);
    expect(await exists(world, types.cctelegramDeployments, "early")).toBe(false);
    await endAttempt(world, "runs", 0, resultOf(world, "runs"));
  });
});

describe("sleep", () => {
  test("hibernate stops all pods and says so in status; what needs a pod says why it has none; wake brings them back", async () => {
    await untilSettled(world, "team");
    expect((await plugin(["hibernate", "team"])).code).toBe(exitCodes.declined);
    expect(await done("hibernate", "team", "--yes")).toContain("team hibernates");
    await untilCondition(world, "team", "Hibernated", { status: "True" });
    expect(await done("status", "team")).toContain("Hibernated");
    for (const words of [
      ["queue", "list", "team"],
      ["send", "team", "hello"],
      ["connect", "team"],
    ]) {
      expect(await plugin(words)).toMatchObject({
        code: exitCodes.unreachable,
        stderr: expect.stringMatching(/hibernates.*\n.*kubectl cctelegram wake team/),
      });
    }
    expect(await done("wake", "team")).toContain("team wakes up");
    await untilSettled(world, "team");
  });
});

describe("rollouts", () => {
  const imageOf = async (name: string) => {
    type Workload = Resource & { spec: { template: { spec: { containers: { image: string }[] } } } };
    return (await world.get<Workload>(types.deployments, name)).spec.template.spec.containers[0]?.image.split(":")[1];
  };
  const change = (spec: object) => world.patch(types.cctelegramDeployments, "rolling", { spec });

  test("rollback goes to the revision before, and undo to any that is kept, also a second time", async () => {
    await createResource(world, "rolling");
    await untilSettled(world, "rolling");
    expect(await plugin(["rollback", "rolling", "--yes"])).toMatchObject({ code: 1 });
    await change({ version: "1.3.0" });
    await untilSettled(world, "rolling");
    expect(await done("rollback", "rolling", "--yes")).toContain("goes back to revision 1");
    await eventually(async () => expect(await imageOf("rolling-mcp-server")).toBe("1.2.3"));
    await eventually(async () => expect((await resource("rolling")).status?.rollout?.revision).toBe(1));
    expect(await done("undo", "rolling", "--to", "2", "--yes")).toContain("goes back to revision 2");
    await eventually(async () => expect((await resource("rolling")).status?.rollout?.revision).toBe(2));
    await eventually(async () => expect(await imageOf("rolling-mcp-server")).toBe("1.3.0"));
    await done("undo", "rolling", "--to", "1", "--yes");
    await eventually(async () => expect((await resource("rolling")).status?.rollout?.revision).toBe(1));
    const unknown = await plugin(["undo", "rolling", "--to", "7", "--yes"]);
    expect(unknown).toMatchObject({ code: exitCodes.notFound, stderr: expect.stringContaining("7") });
  });

  test("promote lets the revision take over that waits for it, and only that", async () => {
    const nothing = await plugin(["promote", "rolling", "--yes"]);
    expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining("rolling") });
    await change({ rollout: { strategy: "BlueGreen", promotion: "Manual" } });
    await untilSettled(world, "rolling", 60_000);
    await change({ version: "1.4.0" });
    await untilCondition(world, "rolling", "Progressing", { reason: "WaitingForPromotion" }, 60_000);
    const target = String((await resource("rolling")).status?.rollout?.target);
    const another = await plugin(["promote", "rolling", "--revision", "1", "--yes"]);
    expect(another).toMatchObject({ code: exitCodes.notFound, stderr: expect.stringContaining(target) });
    expect(await done("promote", "rolling", "--yes")).toContain(`Revision ${target} of rolling takes over`);
    await eventually(async () => expect(String((await resource("rolling")).status?.rollout?.revision)).toBe(target));
    expect(await imageOf("rolling-mcp-server-green")).toBe("1.4.0");
  });
});

describe("connect", () => {
  test("forwards to a server that runs, until it is interrupted, and tells what is in its way", async () => {
    const server = createServer((_request, response) => response.end("a server")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const stop = new AbortController();
    const written = Promise.withResolvers<string>();
    const real = filesIn(files.path);
    const watched = {
      ...real,
      write(path: string, content: string | Uint8Array) {
        real.write(path, content);
        written.resolve(String(content));
      },
    };
    const given = { ports: { 8080: address }, signal: stop.signal, files: watched };
    const ended = plugin(["connect", "team", "claude", "--client", "cursor"], given);
    const { url } = JSON.parse(await written.promise).mcpServers.cctelegram;
    expect(await (await fetch(url, { headers: { connection: "close" } })).text()).toBe("a server");
    stop.abort();
    expect(await ended).toMatchObject({ code: 0, stdout: expect.stringContaining(url) });
    expect(real.read(join(".cursor", "mcp.json"))).toBeUndefined();

    const taken = await plugin(["connect", "team", "--port", new URL(address).port]);
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining(new URL(address).port) });
    const near = await plugin(["connect", "team", "cloude"]);
    expect(near).toMatchObject({ code: exitCodes.notFound, stderr: expect.stringContaining('Did you mean "claude"?') });
    server.close();
  });
});
