import { join } from "node:path";
import { loadAll } from "js-yaml";
import { beforeAll, describe, expect, test } from "vitest";
import { binaries } from "../../../e2e/cluster/binaries.ts";
import { run } from "../../../e2e/cluster/command.ts";
import { readConfig } from "../../../operator/config.ts";
import { createClient } from "../../../operator/runtime/client.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { testKubeConfig } from "../runtime/api-server.ts";

const chart = "charts/cctelegram-operator";
let helm: string;

// Building Helm takes minutes where no earlier run has left it.
beforeAll(async () => {
  helm = join(await binaries("helm"), "helm");
}, 900_000);

const render = async (...settings: string[]) => {
  const values = settings.flatMap((setting) => ["--set", setting]);
  const text = await run(helm, ["template", "operator", chart, "--namespace", "operators", ...values]);
  return loadAll(text).filter((object) => object !== null) as KubernetesObject[];
};

const deploymentOf = (objects: KubernetesObject[]) =>
  objects.find(({ kind }) => kind === "Deployment")?.spec as {
    replicas: number;
    template: { spec: { containers: { image: string; env: { name: string; value?: string }[] }[] } };
  };

const environmentOf = (objects: KubernetesObject[]) =>
  Object.fromEntries(
    (deploymentOf(objects).template.spec.containers[0]?.env ?? []).map(({ name, value }) => [
      name,
      value ?? "from-pod",
    ]),
  );

test("helm finds nothing to complain about", async () => {
  expect(await run(helm, ["lint", "--strict", chart])).toContain("0 chart(s) failed");
});

test("the operator accepts the environment that the chart gives it", async () => {
  const config = readConfig(environmentOf(await render("telegram.apiUrl=http://telegram.test:8081")));
  expect(config).toMatchObject({
    LEADER_ELECTION: true,
    CONCURRENCY: 8,
    TELEGRAM_API_URL: "http://telegram.test:8081",
    SERVER_IMAGE: expect.stringMatching(/^cctelegram\/server:\d+\.\d+\.\d+/),
  });
  expect(readConfig(environmentOf(await render()))).not.toHaveProperty("TELEGRAM_API_URL");
  const lists = ["allowedImages={registry.test/a,registry.test/b}", "allowedApiUrls={https://bots.test}"];
  expect(readConfig(environmentOf(await render(...lists)))).toMatchObject({
    ALLOWED_IMAGES: ["registry.test/a", "registry.test/b"],
    ALLOWED_API_URLS: ["https://bots.test"],
  });
});

test("the CRD comes with the chart, stays when it goes, and can be left out", async () => {
  const definition = (objects: KubernetesObject[]) =>
    objects.find(({ kind }) => kind === "CustomResourceDefinition")?.metadata;
  expect(definition(await render())).toMatchObject({
    name: "cctelegramdeployments.cctelegram.io",
    annotations: { "helm.sh/resource-policy": "keep" },
  });
  expect(definition(await render("crds.install=false"))).toBeUndefined();
});

describe("values that make no sense are refused", () => {
  test.each([
    ["a typo", "replica=2", /replica/],
    ["a typo further down", "image.tga=1", /tga/],
    ["an unknown level", "logLevel=loud", /logLevel/],
    ["too many replicas", "replicas=50", /replicas/],
    ["an API URL without a scheme", "telegram.apiUrl=api.telegram.org", /apiUrl/],
  ])("%s", async (_what, setting, message) => {
    await expect(render(setting)).rejects.toThrow(message);
  });
});

test("the API server accepts every object, field by field", async () => {
  const client = createClient({ kubeConfig: testKubeConfig(), userAgent: "chart-test" });
  try {
    for (const object of await render("replicas=2")) {
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

const pluralOf = (kind: string) => `${kind.toLowerCase()}s`;
