import { randomBytes } from "node:crypto";
import { KubeConfig } from "@kubernetes/client-node";
import { inject } from "vitest";
import { type Client, createClient } from "../../../operator/runtime/client.ts";
import { createClock } from "../../../operator/runtime/clock.ts";
import { resourcePath } from "../../../operator/runtime/resource-type.ts";
import { namespaceType } from "./samples.ts";

export const realClock = createClock({ now: Date.now, monotonic: () => performance.now() });

/** The kubeconfig of the test control plane, with another address of the server if one is given. */
export function testKubeConfig(server?: string): KubeConfig {
  const kubeConfig = new KubeConfig();
  const path = inject("kubeconfig");
  if (path === undefined)
    throw new Error("no control plane: cluster tests need the global setup test/cluster.setup.ts");
  kubeConfig.loadFromFile(path);
  if (server !== undefined) {
    kubeConfig.clusters = kubeConfig.clusters.map((cluster) => ({ ...cluster, server }));
  }
  return kubeConfig;
}

export type TestNamespace = { readonly client: Client; readonly namespace: string; dispose(): Promise<void> };

/** A client and a new namespace on the real API server. */
export async function testNamespace(prefix: string): Promise<TestNamespace> {
  const client = createClient({ kubeConfig: testKubeConfig(), userAgent: "runtime-tests" });
  const namespace = `${prefix}-${randomBytes(4).toString("hex")}`;
  await client.request({ method: "POST", path: resourcePath(namespaceType), body: { metadata: { name: namespace } } });
  return {
    client,
    namespace,
    async dispose() {
      await client.delete(namespaceType, "", namespace);
      client.close();
    },
  };
}
