import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { dump, loadAll } from "js-yaml";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { program } from "../../e2e/cluster/programs.ts";
import { deploymentSpec } from "../../operator/api/spec.ts";
import { deployments, secrets } from "../../operator/deployment/resource-types.ts";
import { environments } from "../../promotion/promotion.ts";
import { endAttempt, resultOf } from "../operator/backup/attempt.ts";
import {
  conditionOf,
  createToken,
  eventually,
  readResource,
  untilCondition,
  untilSettled,
} from "../operator/deployment/support/steps.ts";
import { World } from "../operator/deployment/support/world.ts";
import { nameApart } from "./overlays.ts";

const call = promisify(execFile);
const digest = `sha256:${"d".repeat(64)}`;
const example = join(import.meta.dirname, "../../examples/environments");
const main = join(import.meta.dirname, "../../promotion/main.ts");

let world: World;
let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  world = await World.create("environments");
  world.reviewImage = async ({ policy, reference }) => ({ policy, reference, state: "Found", digest });
  world.kubelet.start();
  await createToken(world);
  const stringData = { accessKeyId: "example", secretAccessKey: "example-secret" };
  await world.post(secrets, { metadata: { name: "backup-store" }, stringData });
  await world.startOperator();
  const kubectl = dirname(await program("kubectl"));
  env = { ...process.env, KUBECONFIG: inject("kubeconfig"), PATH: `${kubectl}${delimiter}${process.env.PATH}` };
  folder = await mkdtemp(join(tmpdir(), "cctelegram-environments-"));
  await cp(example, folder, { recursive: true });
  await nameApart(folder, world.namespace);
});
afterAll(async () => {
  await world.dispose();
  await rm(folder, { recursive: true });
});

const kubectl = async (...args: string[]) => (await call("kubectl", args, { env })).stdout;

type Rendered = { kind: string; metadata: { name: string; namespace?: string }; spec: object };

const rendered = async (environment: string, of = example) =>
  loadAll(await kubectl("kustomize", join(of, environment))) as Rendered[];

async function promote(...args: string[]): Promise<string> {
  try {
    const { stdout } = await call(process.execPath, [main, "--folder", folder, ...args], { env });
    return stdout;
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
}

async function manifestOf(environment: string): Promise<string> {
  const objects = await rendered(environment, folder);
  const input = join(folder, `${environment}.yaml`);
  await writeFile(input, objects.map((object) => dump(object)).join("---\n"));
  return input;
}

async function apply(environment: string): Promise<void> {
  await kubectl("apply", "-f", await manifestOf(environment));
  await untilSettled(world, `team-${environment}`, 60_000);
}

test.each(environments)(
  "the files of %s are a namespace with its rules and one valid resource in it",
  async (environment) => {
    const objects = await rendered(environment);
    expect(objects.map(({ kind, metadata }) => [kind, metadata.namespace ?? metadata.name])).toEqual([
      ["Namespace", `cctelegram-${environment}`],
      ["CCTelegramDeployment", `cctelegram-${environment}`],
    ]);
    expect(deploymentSpec.safeParse(objects[1]?.spec).error).toBeUndefined();
  },
);

test("a version gives way in development, takes over in staging, and waits for a backup and a word in production", async () => {
  const rolloutOf = async (environment: string) => {
    const [, resource] = await rendered(environment);
    return deploymentSpec.parse(resource?.spec).rollout;
  };
  expect(await rolloutOf("development")).toMatchObject({ strategy: "RollingUpdate", onFailure: "Rollback" });
  expect(await rolloutOf("staging")).toMatchObject({ strategy: "BlueGreen", promotion: "Automatic" });
  const production = { strategy: "BlueGreen", promotion: "Manual", beforeUpgrade: "Backup" };
  expect(await rolloutOf("production")).toMatchObject(production);
});

test("what has proven itself in staging, and exactly that, is promoted to production and runs there", async () => {
  await apply("staging");
  await apply("production");
  // Not before it has proven itself, and not past an environment.
  expect(await promote("--from", "staging", "--to", "production")).toMatch(
    /has not proven itself[\s\S]*try again in (60|5\d) min/,
  );
  expect(await promote("--from", "development", "--to", "production")).toContain("goes to staging first");
  const before = await readFile(join(folder, "production/image.yaml"), "utf8");
  expect(before).toBe(await readFile(join(example, "production/image.yaml"), "utf8"));

  const told = await eventually(async () => {
    const text = await promote("--from", "staging", "--to", "production", "--proven-for", "0");
    expect(text).toContain("kubectl apply -k");
    return text;
  });
  const image = (await readResource(world, "team-staging")).status?.runningImage;
  expect(image).toBe(`docker.io/cctelegram/server:0.1.0@${digest}`);
  expect(told).toContain(image);
  const spec = (await rendered("production", folder))[0]?.spec;
  expect(spec).toMatchObject({ profile: "Production", images: { server: image, resolution: "Digest" } });
  await apply("production");
  type Workload = { spec: { template: { spec: { containers: { image: string }[] } } } };
  const live = await world.get<Workload>(deployments, "team-production-mcp-server");
  expect(live.spec.template.spec.containers[0]?.image).toBe(image);
  expect(await promote("--from", "staging", "--to", "production", "--proven-for", "0")).toContain("already");
});

test("in production it waits for its backup, is tried, and takes over when somebody promotes it", async () => {
  const name = "team-production";
  const file = join(folder, "production/image.yaml");
  await writeFile(file, (await readFile(file, "utf8")).replace("server:0.1.0", "server:0.1.1"));
  await kubectl("apply", "-f", await manifestOf("production"));
  const waiting = (reason: string) =>
    untilCondition(world, name, "Progressing", { status: "True", reason }, 60_000).then(
      (resource) => conditionOf(resource, "Progressing")?.message ?? "",
    );
  const backup = /CCTelegramBackup (\S+)/.exec(await waiting("WaitingForBackup"))?.[1] ?? "";
  await endAttempt(world, backup, 0, resultOf(world, backup));
  const [command = ""] = /kubectl .*/.exec(await waiting("WaitingForPromotion")) ?? [];
  await kubectl(...command.split(" ").slice(1));
  const { status } = await untilSettled(world, name, 60_000);
  expect(status?.rollout).toMatchObject({ revision: 2, previous: 1, track: "green" });
});

test("what runs but is not in the files is not promoted", async () => {
  const image = join(folder, "staging/image.yaml");
  await writeFile(image, (await readFile(image, "utf8")).replace("server:0.1.0", "server:0.1.1"));
  expect(await promote("--from", "staging", "--to", "production", "--proven-for", "0")).toContain(
    "runs another image than its files ask for",
  );
});
