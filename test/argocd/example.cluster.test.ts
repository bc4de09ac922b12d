import { globSync, readFileSync } from "node:fs";
import { load, loadAll } from "js-yaml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { argoDefinitions, definitionFiles } from "../../e2e/cluster/definitions.ts";
import { cctelegramDeployments } from "../../operator/deployment/resource-types.ts";
import { render } from "../operator/deployment/support/chart.ts";
import { createToken, eventually, readResource, untilSettled } from "../operator/deployment/support/steps.ts";
import { minimalSpec, World } from "../operator/deployment/support/world.ts";
import { argoDiff, differences } from "./support/differences.ts";
import { ask, type Manifest } from "./support/gitops.ts";
import { kubectl } from "./support/kubectl.ts";

const folder = "deploy/argocd/example";
const files = globSync("**/*.yaml", { cwd: folder }).toSorted();
const documents = (file: string) => loadAll(readFileSync(`${folder}/${file}`, "utf8")) as Manifest[];
const ofKind = (kind: string) => files.flatMap(documents).filter((document) => document.kind === kind);

type Application = Manifest & {
  readonly spec: {
    readonly project: string;
    readonly source: { readonly repoURL: string; readonly path: string };
    readonly destination: { readonly server: string; readonly namespace?: string };
    readonly ignoreDifferences?: object[];
    readonly syncPolicy: { readonly syncOptions?: string[] };
  };
};
type Project = {
  readonly sourceRepos: string[];
  readonly destinations: { readonly namespace: string }[];
  readonly clusterResourceWhitelist: { readonly group: string; readonly kind: string }[];
};

const applications = ofKind("Application") as Application[];
const teams = applications.find(({ metadata }) => metadata.name === "cctelegram-teams") as Application;
const project = ofKind("AppProject")[0]?.spec as unknown as Project;

let world: World;

beforeAll(async () => {
  // They are not deleted afterwards: removing kinds delays the garbage collector for all tests.
  for (const file of await definitionFiles(argoDefinitions)) {
    await kubectl(["apply", "--server-side", "-f", file]);
    await untilServed(file);
  }
  await kubectl(["create", "namespace", "argocd"]).catch(() => undefined);
  await kubectl(["create", "namespace", "cctelegram-support"]);
  world = await World.create("example");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterAll(async () => {
  await world.dispose();
  await kubectl(["delete", "namespace", "cctelegram-support", "--wait=false"]);
});

/** `kubectl wait` fails for a CRD that has no conditions yet. */
const untilServed = (file: string) =>
  eventually(() => kubectl(["wait", "--for=condition=Established", "--timeout=1s", "-f", file]));

test.each(files)("%s: the API server takes every object and knows every field", async (file) => {
  const flags = ["--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts"];
  const text = await kubectl(["apply", ...flags, "-f", "-"], documents(file));
  expect(text.trim().split("\n")).toHaveLength(documents(file).length);
});

test("argocd-cm is added to what an Argo CD has, and takes nothing away", async () => {
  const own = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "argocd-cm", namespace: "argocd" },
    data: { url: "https://argocd.example.com" },
  };
  await kubectl(["apply", "-f", "-"], [own]);
  const command = readFileSync("deploy/argocd/argocd-cm.yaml", "utf8").match(/^# kubectl (.*)$/m)?.[1] ?? "";
  await kubectl(command.split(" "));
  const { data } = JSON.parse(await kubectl(["-n", "argocd", "get", "configmap", "argocd-cm", "-o", "json"]));
  expect(Object.keys(data)).toEqual([
    "resource.customizations.actions.cctelegram.io_CCTelegramDeployment",
    "resource.customizations.health.cctelegram.io_CCTelegramBackup",
    "resource.customizations.health.cctelegram.io_CCTelegramDeployment",
    "url",
  ]);
});

describe("the project", () => {
  test("lets in what the applications ask for", () => {
    for (const { spec } of applications) {
      expect(project.sourceRepos).toContain(spec.source.repoURL);
      const { namespace } = spec.destination;
      if (namespace) expect(project.destinations.map((destination) => destination.namespace)).toContain(namespace);
    }
  });

  test("lets in the kinds that the chart and the teams have outside of namespaces, and no others", async () => {
    const objects = [...((await render()) as unknown as Manifest[]), ...ofKind("Namespace")];
    const kinds = objects.filter(({ metadata }) => !metadata.namespace).map(({ kind }) => kind);
    expect(project.clusterResourceWhitelist.map(({ kind }) => kind).toSorted()).toEqual([...new Set(kinds)].toSorted());
  });
});

test("what the example ignores keeps a number in Git and an autoscaler apart", async () => {
  const auth = { clients: [{ name: "claude" }] };
  const desired: Manifest = {
    apiVersion: "cctelegram.io/v1alpha1",
    kind: "CCTelegramDeployment",
    metadata: { name: "team", namespace: world.namespace },
    spec: { ...minimalSpec, server: { auth, replicas: 2 } },
  };
  await ask([{ do: "apply", desired, serverSide: true }]);
  await untilSettled(world, "team", 60_000);
  expect(await differences([desired])).toEqual([]);
  await kubectl(["-n", world.namespace, "scale", "cctd/team", "--replicas=3"]);
  await untilSettled(world, "team", 60_000);
  for (const serverSide of [false, true]) {
    expect((await argoDiff([desired], serverSide)).join()).toContain(".spec.server.replicas");
    expect(await argoDiff([desired], serverSide, teams.spec.ignoreDifferences)).toEqual([]);
  }
  expect((await readResource(world, "team")).spec).toMatchObject({ server: { replicas: 3 } });
  await world.delete(cctelegramDeployments, "team");
});

test("the chart's definition outlives a chart that does not bring it any more", async () => {
  const definition = (await render()).find(({ kind }) => kind === "CustomResourceDefinition");
  expect(definition?.metadata.annotations).toMatchObject({ "argocd.argoproj.io/sync-options": "Prune=false" });
  expect(load(readFileSync(`${folder}/apps/operator.yaml`, "utf8"))).toMatchObject({
    spec: { syncPolicy: { syncOptions: expect.arrayContaining(["ServerSideApply=true"]) } },
  });
});
