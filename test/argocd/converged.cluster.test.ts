import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { loadAll } from "js-yaml";
import { expect, test } from "vitest";
import { serverScaling } from "../../operator/api/sizing.ts";
import { deploymentSpec } from "../../operator/api/spec.ts";
import { childTypes, deployments, secrets, statefulSets } from "../../operator/deployment/resource-types.ts";
import { resourcePath } from "../../operator/runtime/resource-type.ts";
import { createToken, eventually, exists, readResource, untilSettled } from "../operator/deployment/support/steps.ts";
import { World } from "../operator/deployment/support/world.ts";
import { differences } from "./support/differences.ts";
import { ask, type Manifest, tracked } from "./support/gitops.ts";
import { kubectl } from "./support/kubectl.ts";

const examples = globSync(["examples/*.yaml", "examples/environments/*/namespace.yaml"])
  .map((file) => (file.includes("/environments/") ? dirname(file) : file))
  .toSorted();
const digest = `sha256:${"d".repeat(64)}`;
const patience = 120_000;

/** How people apply what is in Git. */
const byKubectl =
  (...flags: string[]) =>
  (manifests: readonly Manifest[]) =>
    kubectl(["apply", ...flags, "-f", "-"], manifests);
const byArgo = (serverSide: boolean) => (manifests: readonly Manifest[]) =>
  ask(manifests.map((desired) => ({ do: "apply", desired, serverSide })));

const ways = [
  { way: "kubectl apply", apply: byKubectl(), autoscaled: false },
  { way: "kubectl apply --server-side", apply: byKubectl("--server-side"), autoscaled: false },
  { way: "Argo CD", apply: byArgo(false), autoscaled: true },
  { way: "Argo CD with ServerSideApply=true", apply: byArgo(true), autoscaled: true },
];

const isResource = ({ kind }: Manifest) => kind === "CCTelegramDeployment";

/** By their profile, or because they say so. */
const asksForAutoscaling = ({ spec }: Manifest) => {
  const { profile, server } = (spec ?? {}) as { profile?: string; server?: { autoscaling?: { mode?: string } } };
  return profile === "Production" || profile === "Staging" || server?.autoscaling?.mode === "Enabled";
};

/** The objects of an example, in the namespace of the test, optionally with the operator's HPA. */
async function manifestsOf(example: string, namespace: string, autoscaled: boolean): Promise<Manifest[]> {
  const place = (manifest: Manifest): Manifest =>
    manifest.kind === "Namespace"
      ? { ...manifest, metadata: { ...manifest.metadata, name: namespace } }
      : { ...manifest, metadata: { ...manifest.metadata, namespace } };
  const scaled = (manifest: Manifest): Manifest =>
    isResource(manifest) && autoscaled ? { ...manifest, spec: { ...manifest.spec, profile: "Production" } } : manifest;
  const text = example.endsWith(".yaml") ? readFileSync(example, "utf8") : await kubectl(["kustomize", example]);
  return (loadAll(text) as Manifest[]).map(place).map(scaled).map(tracked);
}

const cases = examples.flatMap((example) => ways.map((way) => ({ example, ...way })));

test.concurrent.for(cases)(
  "$example by $way: nothing to change, also scaled and with new keys",
  { timeout: 600_000 },
  async (each, { onTestFinished }) => {
    const world = await World.create("converged");
    onTestFinished(() => world.dispose());
    world.reviewImage = async ({ policy, reference }) => ({ policy, reference, state: "Found", digest });
    world.kubelet.start();
    await world.startOperator();
    const { namespace } = world;
    const manifests = await manifestsOf(each.example, namespace, each.autoscaled);
    const isAutoscaled = manifests.some(asksForAutoscaling);
    const names = manifests.filter(isResource).map(({ metadata }) => metadata.name);
    const settled = () => Promise.all(names.map((name) => untilSettled(world, name, patience)));
    // The status may change between two reads of a tool.
    const agreed = async (inGit = manifests) => {
      await settled();
      await eventually(async () => expect(await differences(inGit)).toEqual([]), patience);
    };
    // Within its bounds an autoscaler keeps what it finds.
    const wanted = async (name: string) => {
      const { spec } = await readResource(world, name);
      return isAutoscaled ? Math.min(7, serverScaling(deploymentSpec.parse(spec)).max) : 2;
    };
    const isScaled = async () => {
      for (const name of names) {
        const replicas = await wanted(name);
        expect(await world.get(deployments, `${name}-mcp-server`)).toMatchObject({ spec: { replicas } });
      }
    };
    expect(names).not.toEqual([]);
    if (!manifests.some(({ kind }) => kind === "Secret")) await createToken(world);

    await each.apply(manifests);
    await agreed();

    for (const name of names) {
      const target = isAutoscaled ? `deployment/${name}-mcp-server` : `cctd/${name}`;
      await kubectl(["-n", namespace, "scale", target, `--replicas=${await wanted(name)}`]);
    }
    await eventually(isScaled);
    await agreed();

    await rotate(world, names);
    await agreed();
    expect(await marksOnChildren(world)).toEqual([]);

    const renewed = manifests.map(withAnotherToken);
    await each.apply(renewed);
    await agreed(renewed);
    await isScaled();
  },
);

/** New keys for all clients, and a new secret of server and bridge. */
async function rotate(world: World, names: readonly string[]): Promise<void> {
  const all = await world.client.list(resourcePath(secrets, { namespace: world.namespace }));
  const connections = all.map(({ metadata }) => metadata.name ?? "").filter((name) => name.includes("-connection-"));
  expect(connections).not.toEqual([]);
  for (const name of connections) await world.delete(secrets, name);
  const before = await templates(world, names);
  for (const name of names) await world.patch(secrets, `${name}-hmac`, { stringData: { secret: "c".repeat(64) } });
  await eventually(async () => {
    for (const name of connections) expect(await exists(world, secrets, name)).toBe(true);
  });
  // Servers and bridge read both while they run.
  expect(await templates(world, names)).toEqual(before);
}

type Workload = { readonly spec: { readonly template: object } };

/** What the pods of the resources are made from. */
const templates = async (world: World, names: readonly string[]) => {
  const workloads = names.flatMap((name) => [
    world.get<Workload>(deployments, `${name}-mcp-server`),
    world.get<Workload>(statefulSets, `${name}-bridge`),
  ]);
  return (await Promise.all(workloads)).map(({ spec }) => spec.template);
};

/** A bot token that was issued again, and changed in Git. */
const withAnotherToken = (manifest: Manifest): Manifest =>
  "stringData" in manifest
    ? ({ ...manifest, stringData: { token: "123456789:AAAnotherToken" } } as Manifest)
    : manifest;

/** Annotations with which a tool marks an object as one from Git. */
async function marksOnChildren(world: World): Promise<string[]> {
  const lists = await Promise.all(
    childTypes.map((type) => world.client.list(resourcePath(type, { namespace: world.namespace })).catch(() => [])),
  );
  const children = lists.flat().filter(({ metadata }) => metadata.ownerReferences?.length);
  expect(children.length).toBeGreaterThan(10);
  return children
    .flatMap(({ metadata }) => [...Object.keys(metadata.annotations ?? {}), ...Object.keys(metadata.labels ?? {})])
    .filter((key) => key.startsWith("argocd.argoproj.io/") || key.includes("last-applied"));
}
