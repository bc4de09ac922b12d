import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { load } from "js-yaml";
import { expect, onTestFinished, test } from "vitest";
import { helm, render } from "../operator/deployment/support/chart.ts";
import { differences } from "./support/differences.ts";
import { ask, type Manifest, tracked } from "./support/gitops.ts";
import { kubectl } from "./support/kubectl.ts";

type Application = { spec: { source: { path: string; helm: { valuesObject: Record<string, unknown> } } } };

const example = () => load(readFileSync("deploy/argocd/example/apps/operator.yaml", "utf8")) as Application;

/** Without a pod: the control plane of the tests has no nodes. */
const settings = ["replicas=0"];
const everything = [
  ...settings,
  "watchNamespaces={default}",
  "allowedImages={registry.test/a}",
  "extraEnv[0].name=A",
  "extraEnv[0].value=b",
];

test.each([{ values: settings }, { values: everything }])(
  "two renders with $values are equal, byte for byte",
  async ({ values }) => {
    const args = ["template", "operator", "charts/cctelegram-operator", "--namespace", "operators"];
    const text = () => helm(...args, ...values.flatMap((value) => ["--set", value]));
    expect(await text()).toBe(await text());
  },
);

test("it has no hooks, and looks nothing up in the cluster", async () => {
  const objects = await render();
  const keys = objects.flatMap(({ metadata }) => Object.keys(metadata.annotations ?? {}));
  expect(new Set(keys.filter((key) => key.startsWith("helm.sh/")))).toEqual(new Set(["helm.sh/resource-policy"]));
});

test("the definition is small enough for an apply of the client, too", async () => {
  const definition = (await render()).find(({ kind }) => kind === "CustomResourceDefinition");
  expect(JSON.stringify(definition).length).toBeLessThan(262_144);
});

const isDefinition = ({ kind }: Manifest) => kind === "CustomResourceDefinition";

test.each([
  { way: "by the client", serverSide: false, values: settings },
  { way: "on the server", serverSide: true, values: settings },
  { way: "on the server, with all settings", serverSide: true, values: everything },
])("applied $way by Argo CD, nothing is left to change", async ({ serverSide, values }) => {
  const namespace = `chart-${randomBytes(4).toString("hex")}`;
  await kubectl(["create", "namespace", namespace]);
  const rendered = (await render(values, { name: namespace, namespace })) as unknown as Manifest[];
  const manifests = rendered.map(tracked);
  onTestFinished(async () => {
    // The CRD is shared by all tests.
    await kubectl(
      ["delete", "--wait=false", "-f", "-"],
      manifests.filter((manifest) => !isDefinition(manifest)),
    );
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });
  const sync = () => ask(manifests.map((desired) => ({ do: "apply", desired, serverSide })));
  await sync();
  expect(await differences(manifests)).toEqual([]);
  await sync();
  expect(await differences(manifests)).toEqual([]);
});

test("the values of the example are those that the chart knows", async () => {
  const { path, helm: settings } = example().spec.source;
  expect(path).toBe("charts/cctelegram-operator");
  const values = JSON.stringify(settings.valuesObject);
  const text = await helm("template", "operator", path, "--set-json", ...pairs(values));
  expect(text).toContain("kind: Deployment");
});

/** Helm takes JSON by key. */
const pairs = (values: string) => [
  Object.entries(JSON.parse(values) as object)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(","),
];
