import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyResource, createNamespace, createToken, deleteNamespace, kubectl, waitReady } from "./environment.ts";

const kinds = "deploy,sts,svc,sa,cm,secret,hpa,pdb,netpol,pod";

describe("deleting a resource", () => {
  let namespace: string;
  beforeAll(async () => {
    namespace = await createNamespace("lifecycle");
    await createToken(namespace);
  });
  afterAll(() => deleteNamespace(namespace));

  const left = () =>
    kubectl(["-n", namespace, "get", kinds, "-l", "app.kubernetes.io/managed-by=cctelegram-operator", "-o", "name"]);
  const volumes = () => kubectl(["-n", namespace, "get", "pvc", "-o", "name"]);

  test.each([
    { retention: "Delete", kept: "" },
    { retention: "Retain", kept: "persistentvolumeclaim/queue-kept-bridge-0\n" },
  ])(
    "removes everything it made; the volume with retention $retention is as asked for",
    async ({ retention, kept }) => {
      const name = retention === "Retain" ? "kept" : "gone";
      await applyResource(namespace, name, { bridge: { storage: { retention } } });
      await waitReady(namespace, name);
      expect(await volumes()).toContain(`queue-${name}-bridge-0`);
      await kubectl(["-n", namespace, "delete", "cctd", name]);
      await expect.poll(left, { timeout: 90_000, interval: 1_000 }).toBe("");
      await expect.poll(volumes, { timeout: 60_000, interval: 1_000 }).toBe(kept);
    },
  );
});

test("an autoscaler gets the guide's numbers and metrics to work with", async () => {
  const namespace = await createNamespace("scaled");
  try {
    await createToken(namespace);
    const autoscaling = { mode: "Enabled", minReplicas: 2, maxReplicas: 4 };
    await applyResource(namespace, "wide", { server: { autoscaling } });
    await waitReady(namespace, "wide");
    const replicas = () =>
      kubectl(["-n", namespace, "get", "hpa", "wide-mcp-server", "-o", "jsonpath={.status.currentReplicas}"]);
    await expect.poll(replicas, { timeout: 60_000, interval: 1_000 }).toBe("2");
    const active = () =>
      kubectl([
        "-n",
        namespace,
        "get",
        "hpa",
        "wide-mcp-server",
        "-o",
        'jsonpath={.status.conditions[?(@.type=="ScalingActive")].status}',
      ]);
    await expect.poll(active, { timeout: 120_000, interval: 2_000 }).toBe("True");
    await kubectl(["-n", namespace, "scale", "deployment/wide-mcp-server", "--replicas=3"]);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(
      await kubectl(["-n", namespace, "get", "deployment", "wide-mcp-server", "-o", "jsonpath={.spec.replicas}"]),
    ).toBe("3");
  } finally {
    await deleteNamespace(namespace);
  }
});
