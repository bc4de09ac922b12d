import { readFileSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { up } from "../e2e/cluster/cluster.ts";
import { onOrphaned } from "../e2e/cluster/orphan.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Path of an administrator's kubeconfig. */
    readonly kubeconfig: string;
    /** Path of the API server's audit log, one JSON object a line. */
    readonly auditLog: string;
  }
}

/** A control plane of its own for the tests that need an API server; the CRD is installed. */
export default async function setup(project: TestProject) {
  const cluster = await up({ name: "integration", nodes: 0 });
  onOrphaned(() => cluster.down().finally(() => process.exit(1)));
  const definition = readFileSync("crds/cctelegram.io_cctelegramdeployments.yaml", "utf8");
  await cluster.kubectl(["apply", "--server-side", "-f", "-"], { input: definition });
  await cluster.kubectl(["wait", "--for=condition=Established", "crd", "cctelegramdeployments.cctelegram.io"]);
  project.provide("kubeconfig", cluster.kubeconfig);
  project.provide("auditLog", cluster.auditLog);
  return () => cluster.down();
}
