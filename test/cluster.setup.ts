import type { TestProject } from "vitest/node";
import { up } from "../e2e/cluster/cluster.ts";
import { onOrphaned } from "../e2e/cluster/orphan.ts";
import { installDefinition } from "../e2e/installation.ts";

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
  await installDefinition(cluster);
  project.provide("kubeconfig", cluster.kubeconfig);
  project.provide("auditLog", cluster.auditLog);
  return () => cluster.down();
}
