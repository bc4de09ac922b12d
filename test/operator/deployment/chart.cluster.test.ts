import { describe, expect, inject, test } from "vitest";
import { readConfig } from "../../../operator/config.ts";
import { createClient } from "../../../operator/runtime/client.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { testKubeConfig } from "../runtime/api-server.ts";
import { chart, helm, render } from "./support/chart.ts";

const deploymentOf = (objects: KubernetesObject[]) =>
  objects.find(({ kind }) => kind === "Deployment")?.spec as {
    replicas: number;
    template: {
      spec: {
        securityContext: object;
        containers: { image: string; env: { name: string; value?: string }[] }[];
      };
    };
  };

const environmentOf = (objects: KubernetesObject[]) =>
  Object.fromEntries(
    (deploymentOf(objects).template.spec.containers[0]?.env ?? []).map(({ name, value }) => [
      name,
      value ?? "from-pod",
    ]),
  );

test("helm finds nothing to complain about", async () => {
  expect(await helm("lint", "--strict", chart)).toContain("0 chart(s) failed");
});

test("the operator accepts the environment that the chart gives it", async () => {
  const config = readConfig(environmentOf(await render(["telegram.apiUrl=http://telegram.test:8081"])));
  expect(config).toMatchObject({
    LEADER_ELECTION: true,
    CONCURRENCY: 8,
    TELEGRAM_API_URL: "http://telegram.test:8081",
    SERVER_IMAGE: expect.stringMatching(/^cctelegram\/server:\d+\.\d+\.\d+/),
  });
  expect(readConfig(environmentOf(await render()))).not.toHaveProperty("TELEGRAM_API_URL");
  const lists = [
    "allowedImages={registry.test/a,registry.test/b}",
    "allowedApiUrls={https://bots.test}",
    "plainRegistries={registry.test:5000}",
    "allowedBackupEndpoints={https://s3.test}",
  ];
  expect(readConfig(environmentOf(await render(lists)))).toMatchObject({
    ALLOWED_IMAGES: ["registry.test/a", "registry.test/b"],
    ALLOWED_API_URLS: ["https://bots.test"],
    PLAIN_REGISTRIES: ["registry.test:5000"],
    ALLOWED_BACKUP_ENDPOINTS: ["https://s3.test"],
    ALLOW_NETWORK_FIELDS: true,
  });
});

test("the chart can forbid that resources open networks", async () => {
  const config = readConfig(environmentOf(await render(["allowNetworkFields=false"])));
  expect(config.ALLOW_NETWORK_FIELDS).toBe(false);
});

test("the chart can forbid that public addresses are called", async () => {
  expect(readConfig(environmentOf(await render())).PROBE_EXPOSURE).toBe(true);
  expect(readConfig(environmentOf(await render(["probeExposure=false"]))).PROBE_EXPOSURE).toBe(false);
});

test("the CRD comes with the chart, stays when it goes, and can be left out", async () => {
  const definition = (objects: KubernetesObject[]) =>
    objects.find(({ kind }) => kind === "CustomResourceDefinition")?.metadata;
  expect(definition(await render())).toMatchObject({
    name: "cctelegramdeployments.cctelegram.io",
    annotations: { "helm.sh/resource-policy": "keep" },
  });
  expect(definition(await render(["crds.install=false"]))).toBeUndefined();
});

test("a CRD that kubectl applied is taken over on demand, or left out", async () => {
  const install = (...flags: string[]) =>
    helm(
      "install",
      "another",
      chart,
      "--namespace",
      "default",
      "--dry-run=server",
      "--kubeconfig",
      inject("kubeconfig"),
      ...flags,
    );
  await expect(install()).rejects.toThrow("cannot be imported into the current release");
  expect(await install("--take-ownership")).toContain("kind: CustomResourceDefinition");
  expect(await install("--set", "crds.install=false")).not.toContain("kind: CustomResourceDefinition");
});

describe("values that make no sense are refused", () => {
  test.each([
    ["a typo", "replica=2", /replica/],
    ["a typo further down", "image.tga=1", /tga/],
    ["an unknown level", "logLevel=loud", /logLevel/],
    ["too many replicas", "replicas=50", /replicas/],
    ["a digest that is none", "image.digest=latest", /digest/],
    ["a namespace that can be none", "watchNamespaces={A_b}", /watchNamespaces/],
    ["an API URL without a scheme", "telegram.apiUrl=api.telegram.org", /apiUrl/],
  ])("%s", async (_what, setting, message) => {
    await expect(render([setting])).rejects.toThrow(message);
  });
});

test.each([
  { mode: "for all namespaces", settings: [] },
  { mode: "for some namespaces", settings: ["watchNamespaces={default}"] },
])("the API server accepts every object, field by field, $mode", async ({ settings }) => {
  const client = createClient({ kubeConfig: testKubeConfig(), userAgent: "chart-test" });
  try {
    for (const object of await render(["replicas=2", ...settings])) {
      const { kind = "", metadata } = object;
      const [group, version] = object.apiVersion?.includes("/") ? object.apiVersion.split("/") : ["", "v1"];
      const base = group ? `/apis/${group}/${version}` : "/api/v1";
      const scope = metadata.namespace ? "/namespaces/default" : "";
      await client.request({
        method: "PATCH",
        path: `${base}${scope}/${pluralOf(kind)}/${metadata.name}`,
        query: { dryRun: "All", fieldManager: "chart-test", force: true, fieldValidation: "Strict" },
        contentType: "application/apply-patch+yaml",
        body: { ...object, metadata: { ...metadata, ...(metadata.namespace ? { namespace: "default" } : {}) } },
      });
    }
  } finally {
    client.close();
  }
});

const pluralOf = (kind: string) => `${kind.toLowerCase()}s`.replace(/ys$/, "ies");

const nameOf = (kind: string, objects: KubernetesObject[]) =>
  objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);

test("releases do not meet, however long and alike their names are", async () => {
  const long = "a".repeat(52);
  const releases = [
    { name: `${long}1`, namespace: "one" },
    { name: `${long}2`, namespace: "one" },
    { name: `${long}1`, namespace: "two" },
    { name: "b", namespace: "one" },
    { name: `cctelegram-operator-${"c".repeat(32)}1`, namespace: "one" },
    { name: `cctelegram-operator-${"c".repeat(32)}2`, namespace: "one" },
  ];
  const rendered = await Promise.all(releases.map((release) => render([], release)));
  const places = rendered.map((objects, index) => `${releases[index]?.namespace}/${nameOf("Deployment", objects)}`);
  expect(new Set(places).size).toBe(releases.length);
  for (const kind of ["ClusterRole", "ClusterRoleBinding", "ValidatingAdmissionPolicy"]) {
    const names = rendered.flatMap((objects) => nameOf(kind, objects));
    expect(new Set(names).size).toBe(names.length);
  }
  const services = rendered.flatMap((objects) => nameOf("Service", objects));
  expect(services.filter((name) => (name ?? "").length > 63)).toEqual([]);
});

test("a digest wins over the tag, for both images", async () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const objects = await render([`image.digest=${digest}`, "image.tag=v1", `serverImage.digest=${digest}`]);
  expect(deploymentOf(objects).template.spec.containers[0]?.image).toBe(`cctelegram/operator@${digest}`);
  expect(environmentOf(objects)).toMatchObject({ SERVER_IMAGE: `cctelegram/server@${digest}` });
});

test("the platform may choose the user ids, and further variables reach the operator", async () => {
  const objects = await render([
    "podSecurityContext.runAsUser=null",
    "podSecurityContext.runAsGroup=null",
    "extraEnv[0].name=NODE_EXTRA_CA_CERTS",
    "extraEnv[0].value=/ca.pem",
    "listenHost=::1",
  ]);
  expect(deploymentOf(objects).template.spec.securityContext).toEqual({
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
  });
  expect(environmentOf(objects)).toMatchObject({ NODE_EXTRA_CA_CERTS: "/ca.pem", LISTEN_HOST: "::1" });
});

test("metrics ask for a token, unless the operator has no right in the whole cluster to check it", async () => {
  expect(readConfig(environmentOf(await render()))).toMatchObject({ METRICS_AUTHENTICATION: true });
  const some = await render(["watchNamespaces={b,a}"]);
  expect(readConfig(environmentOf(some))).toMatchObject({
    METRICS_AUTHENTICATION: false,
    WATCH_NAMESPACES: ["a", "b"],
  });
  expect(nameOf("ClusterRoleBinding", some)).toEqual([]);
  expect(readConfig(environmentOf(await render(["metrics.authentication=false"])))).toMatchObject({
    METRICS_AUTHENTICATION: false,
  });
});

test("no rule has a wildcard, and none may escalate", async () => {
  for (const settings of [[], ["watchNamespaces={a}"]]) {
    const rules = (await render(settings)).flatMap((object) => (object.rules ?? []) as Record<string, string[]>[]);
    const words = rules.flatMap((rule) => Object.values(rule).flat());
    expect(words.filter((word) => word.includes("*"))).toEqual([]);
    expect(words.filter((word) => ["escalate", "bind", "impersonate"].includes(word))).toEqual([]);
  }
});

test("the operator's network is closed but for scrapes, probes of its own, DNS and the API server", async () => {
  const [policy] = (await render(["networkPolicy.apiServerPorts={16443}"])).filter(
    ({ kind }) => kind === "NetworkPolicy",
  );
  const spec = policy?.spec as {
    policyTypes: string[];
    ingress: { ports: { port: number }[]; from?: object[] }[];
    egress: { ports: { port: number }[]; to?: object[] }[];
  };
  const portsOf = (rules: { ports: { port: number }[] }[]) => rules.map(({ ports }) => ports.map(({ port }) => port));
  expect(spec.policyTypes).toEqual(["Ingress", "Egress"]);
  expect(portsOf(spec.ingress)).toEqual([[8080], [8081]]);
  expect(spec.ingress[0]?.from).toEqual([
    { namespaceSelector: {}, podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } } },
  ]);
  const [dns, api, probes, outside] = portsOf(spec.egress);
  expect([dns, api, probes]).toEqual([[53, 53, 5353, 5353], [16443], [8080, 9001, 9090, 8083]]);
  expect(outside).toContain(443);
  expect(spec.egress[3]?.to).toContainEqual({
    ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16", "127.0.0.0/8"] },
  });
  const [blind] = (await render(["probeExposure=false"])).filter(({ kind }) => kind === "NetworkPolicy");
  expect(portsOf((blind as unknown as { spec: typeof spec }).spec.egress)).toEqual([
    [53, 53, 5353, 5353],
    [443, 6443],
    [8080, 9001, 9090],
  ]);
  expect((await render(["networkPolicy.enabled=false"])).some(({ kind }) => kind === "NetworkPolicy")).toBe(false);
});

test("what needs rights in the whole cluster to install can be left out", async () => {
  const settings = [
    "watchNamespaces={a}",
    "crds.install=false",
    "aggregateRoles=false",
    "admissionPolicy.enabled=false",
  ];
  expect((await render(settings)).filter(({ metadata }) => metadata.namespace === undefined)).toEqual([]);
});
