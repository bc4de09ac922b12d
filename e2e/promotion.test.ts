import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildah } from "../images/buildah.ts";
import { bundle } from "../images/bundle.ts";
import { fullImageName, imageName } from "../images/names.ts";
import { packPlugin } from "../images/plugin-package.ts";
import { DockerRegistry, hasRegistry, notRun } from "../test/operator/deployment/image/support/docker-registry.ts";
import { cosignPair } from "../test/operator/deployment/image/support/signing.ts";
import { program } from "./cluster/programs.ts";
import {
  applyResource,
  cluster,
  createNamespace,
  createToken,
  deleteNamespace,
  expectReason,
  getJson,
  kubectl,
  podsOf,
  target,
  waitReady,
} from "./environment.ts";
import { operatorNamespace } from "./installation.ts";
import { helm } from "./kubectl.ts";

const root = join(import.meta.dirname, "..");
const [resource, repository, tag] = ["team", "team/server", "candidate"] as const;
const release = ["cctelegram-operator", "--namespace", operatorNamespace, "--wait", "--timeout=3m"];
const call = promisify(execFile);

describe.skipIf(!hasRegistry)(`an image of a registry that nodes pull from${notRun}`, () => {
  const pair = cosignPair();
  let registry: DockerRegistry;
  /** The operator was told of the registry. */
  let isListed = false;
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let development: string;
  let staging: string;
  let production: string;
  /** The digests that the tag has had. */
  let first: string;
  let second: string;

  beforeAll(async () => {
    const { host: address = "" } = cluster;
    registry = await DockerRegistry.start({ access: "Open", address });
    cluster.pullPlainly(registry.host);
    first = await push();
    const [, port] = registry.host.split(":");
    const egress = [{ to: [{ ipBlock: { cidr: `${address}/32` } }], ports: [{ port: Number(port) }] }];
    const values = { plainRegistries: [registry.host], "networkPolicy.egress": egress };
    const set = Object.entries(values).flatMap(([name, value]) => ["--set-json", `${name}=${JSON.stringify(value)}`]);
    const chart = join(root, "charts/cctelegram-operator");
    isListed = true;
    await helm(target, ["upgrade", ...release, chart, "--reuse-values", ...set]);
    await bundle(["plugin"]);
    await packPlugin();

    [development, staging, production] = await Promise.all([
      createNamespace("development"),
      createNamespace("staging"),
      createNamespace("production"),
    ]);
    await Promise.all([development, staging, production].map(createToken));
    folder = mkdtempSync(join(tmpdir(), "environments-"));
    cpSync(join(root, "examples/environments"), folder, { recursive: true });
    placed("development", development);
    placed("staging", staging);
    change("development/image.yaml", /server: docker.io.*/, `server: ${registry.host}/${repository}:${tag}`);
    const path = `${dirname(await program("kubectl"))}${delimiter}${process.env.PATH}`;
    env = { ...process.env, KUBECONFIG: cluster.kubeconfig, PATH: path };
  });
  afterAll(async () => {
    await Promise.all([development, staging, production].flatMap((name) => (name ? [deleteNamespace(name)] : [])));
    if (isListed) await helm(target, ["rollback", ...release]);
    await registry?.stop();
    if (folder) rmSync(folder, { recursive: true });
  });

  /**
   * Pushes this project's server; resolves with its digest. Its label makes another image of it than the one that nodes were given: a kubelet
   * asks the registry again before it uses what it has once pulled.
   */
  async function push(): Promise<string> {
    const image = fullImageName(imageName("server"));
    const to = `docker://${registry.host}/${repository}:${tag}`;
    await buildah(["push", "--quiet", "--disable-compression", "--tls-verify=false", image, to]);
    return registry.relabel(repository, tag, { build: "first" });
  }

  function change(file: string, before: string | RegExp, after: string): void {
    const text = readFileSync(join(folder, file), "utf8");
    expect(text).toMatch(before);
    writeFileSync(join(folder, file), text.replace(before, after));
  }

  /** The files of an environment, for a namespace that is there. */
  function placed(environment: string, namespace: string): void {
    change(`${environment}/kustomization.yaml`, /namespace: \S+/, `namespace: ${namespace}`);
    change(`${environment}/kustomization.yaml`, "  - namespace.yaml\n", "");
  }

  const plugin = (...words: string[]) =>
    call(process.execPath, [join(root, "dist/plugin/kubectl-cctelegram.js"), ...words], { env });

  type Told = { readonly containerStatuses?: readonly { readonly imageID: string; readonly ready: boolean }[] };

  /** The digests of the images that nodes run, of all ready pods. */
  async function running(namespace: string): Promise<readonly string[]> {
    const selector = `app.kubernetes.io/instance=${resource},app.kubernetes.io/component in (mcp-server,bridge)`;
    const { items } = await getJson<{ items: { status: Told }[] }>("-n", namespace, "get", "pods", "-l", selector);
    const statuses = items.flatMap(({ status }) => status.containerStatuses ?? []).filter(({ ready }) => ready);
    return [...new Set(statuses.map(({ imageID }) => imageID.replace(/^.*@/, "")))];
  }
  const untilRunning = (namespace: string, digest: string) =>
    expect.poll(() => running(namespace), { timeout: 120_000, interval: 500 }).toEqual([digest]);

  const uids = async (namespace: string) =>
    (await podsOf(namespace, resource, "mcp-server")).map(({ metadata }) => metadata.uid);

  test("is run by the digest that its tag had, also by pods that start after the tag has moved", async () => {
    await kubectl(["apply", "-k", join(folder, "development")]);
    await waitReady(development, resource);
    await untilRunning(development, first);
    second = await registry.relabel(repository, tag, { build: "second" });
    expect(second).not.toBe(first);
    const [pod] = await podsOf(development, resource, "mcp-server");
    await kubectl(["-n", development, "delete", "pod", pod!.metadata.name]);
    await expect.poll(() => uids(development), { timeout: 60_000 }).not.toContain(pod!.metadata.uid);
    await waitReady(development, resource);
    await untilRunning(development, first);
    const { status } = await getJson<{ status: object }>("-n", development, "get", "cctd", resource);
    const runningImage = `${registry.host}/${repository}:${tag}@${first}`;
    expect(status).toMatchObject({ image: { digest: first }, runningImage });
  });

  test("goes to the next environment as it ran, and not as its tag is now", async () => {
    const ways = ["--folder", folder, "--from", "development", "--to", "staging", "--proven-for", "0"];
    const promote = async () =>
      (await call(process.execPath, [join(root, "promotion/main.ts"), ...ways], { env })).stdout;
    await expect.poll(() => promote().catch(String), { timeout: 60_000, interval: 1_000 }).toContain(first);
    await kubectl(["apply", "-k", join(folder, "staging")]);
    await waitReady(staging, resource);
    await untilRunning(staging, first);
  });

  test("is refused without the signature that is asked for, tried when it has one, and takes over when somebody promotes it", async () => {
    await registry.sign(repository, first, pair);
    await applyResource(production, resource, {
      images: {
        server: `${registry.host}/${repository}@${first}`,
        verification: { keys: [{ name: "release", publicKey: pair.pem }] },
      },
      rollout: { strategy: "BlueGreen", promotion: "Manual", keepPreviousSeconds: 0 },
    });
    await waitReady(production, resource);
    const before = await uids(production);
    // A restart asks what the tag names now.
    const restart = `cctelegram.io/restartedAt=${new Date().toISOString()}`;
    await kubectl(["-n", development, "annotate", "cctd", resource, restart]);
    await untilRunning(development, second);
    await waitReady(development, resource);

    await plugin("promote", resource, "-n", development, "--to", production, "--yes");
    await expectReason(production, resource, "ImageAccepted", "ImageRefused");
    await expectReason(production, resource, "Ready", "ImageRefused");
    expect(await uids(production)).toEqual(before);

    await registry.sign(repository, second, pair);
    await expectReason(production, resource, "Progressing", "WaitingForPromotion");
    expect(await uids(production)).toEqual(expect.arrayContaining(before));
    expect(await running(production)).toContain(first);
    await plugin("promote", resource, "-n", production, "--yes");
    await untilRunning(production, second);
    await waitReady(production, resource);
  });
});
