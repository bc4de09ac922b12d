import { loadAll } from "js-yaml";
import type { TestProject } from "vitest/node";
import type { Cluster } from "../e2e/cluster/cluster.ts";
import { argoDefinitions, definitionFiles, gatewayDefinitions, kedaDefinitions } from "../e2e/cluster/definitions.ts";
import { programs } from "../e2e/cluster/programs.ts";
import { waitFor } from "../e2e/cluster/wait.ts";
import { upGuarded } from "../e2e/cluster/with-cluster.ts";
import { installDefinition } from "../e2e/installation.ts";
import { helm, localTarget } from "../e2e/kubectl.ts";
import { compareRights, grantedRights, usedRights } from "./rights.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Path of an administrator's kubeconfig. */
    readonly kubeconfig: string;
    /** Path of the API server's audit log, one JSON object a line. */
    readonly auditLog: string;
  }
}

/** Where the chart is installed, without a pod: the tests run the operator themselves, with the token of its account. */
const namespace = "operators";
const account = `system:serviceaccount:${namespace}:cctelegram-operator`;

/** A control plane for the tests that need an API server, with the CRD and the objects of the chart. */
export default async function setup(project: TestProject) {
  // On a new machine it takes minutes, which must not count as the time of a test.
  if (project.name === "gitops") await programs(["gitops"]);
  for (const definitions of [argoDefinitions, gatewayDefinitions, kedaDefinitions]) await definitionFiles(definitions);
  const { cluster } = await upGuarded({ name: "integration", nodes: 0 });
  const manifest = await install(cluster).catch(async (error: Error) => {
    await cluster.down();
    throw error;
  });
  project.provide("kubeconfig", cluster.kubeconfig);
  project.provide("auditLog", cluster.auditLog);
  return async () => {
    try {
      assertLeastRights(manifest, cluster.auditLog, await ranAll(project));
    } finally {
      await cluster.down();
    }
  };
}

async function install(cluster: Cluster): Promise<string> {
  await installDefinition(cluster);
  const target = localTarget(cluster);
  const chart = ["template", "cctelegram-operator", "charts/cctelegram-operator", "--namespace", namespace];
  const manifest = await helm(target, [...chart, "--set", "crds.install=false", "--set", "replicas=0"]);
  await cluster.kubectl(["create", "namespace", namespace]);
  await cluster.kubectl(["apply", "--server-side", "-f", "-"], { input: manifest });
  // The API server enforces a policy a moment after it was created.
  const forbidden = ["-n", "default", "create", "secret", "generic", "nobodys", "--dry-run=server", `--as=${account}`];
  const isRefused = () =>
    cluster.kubectl(forbidden).then(
      () => false,
      (error: Error) => /writes only what a CCTelegramDeployment controls/.test(error.message),
    );
  await waitFor(isRefused, { what: "the admission policy of the chart", timeoutMs: 120_000 });
  return manifest;
}

/** Some files, some tests, and the tests of GitOps tools do not use all rights. */
async function ranAll(project: TestProject): Promise<boolean> {
  const { testFiles } = await project.globTestFiles();
  const ran = project.vitest.state.getFiles().filter(({ projectName }) => projectName === project.name);
  return (
    project.name === "cluster" && ran.length === testFiles.length && project.vitest.config.testNamePattern === undefined
  );
}

/** The chart grants what the tests saw the operator use: no verb less and, when all tests ran, none more. */
function assertLeastRights(manifest: string, auditLog: string, complete: boolean): void {
  const granted = grantedRights(loadAll(manifest));
  const { unused, missing } = compareRights(granted, usedRights(auditLog, account));
  const problems = [
    ...missing.map((right) => `used, but not granted: ${right}`),
    ...(complete ? unused.map((right) => `granted, but no test uses it: ${right}`) : []),
  ];
  if (problems.length > 0)
    throw new Error(`The chart's rights are not those that the operator uses:\n${problems.join("\n")}`);
  if (complete) console.log(`rights of the operator: ${granted.size} granted, all of them used`);
}
