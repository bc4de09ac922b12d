import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { operatorKubeconfig } from "../bench/credentials.ts";
import type { Cluster } from "../e2e/cluster/cluster.ts";
import { waitFor } from "../e2e/cluster/wait.ts";
import { withCluster } from "../e2e/cluster/with-cluster.ts";
import { installDefinition } from "../e2e/installation.ts";
import { startProgram } from "./program.ts";
import { failuresOf, type Outcome, type Scenario } from "./scenario.ts";

/** Limit of the chart, in MiB. */
const operatorLimit = 256;
const namespace = "shop";
const author = "author";

/** What other people have in the namespace, under names that a resource `pay` with a client `db` would use. */
const victims = [
  { kind: "Secret", name: "pay-connection-db", content: { stringData: { key: "S3cretDbPassword" } } },
  { kind: "Secret", name: "pay-hmac", content: { stringData: { secret: "a-signing-key-of-somebody-else-entirely" } } },
  { kind: "Secret", name: "pay-api-keys", content: { stringData: { stripe: "sk" } } },
  { kind: "ServiceAccount", name: "pay-bridge", content: {} },
  { kind: "Service", name: "pay-bridge", content: { spec: { selector: { app: "pay" }, ports: [{ port: 80 }] } } },
  {
    kind: "NetworkPolicy",
    apiVersion: "networking.k8s.io/v1",
    name: "pay-bridge",
    content: { spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } },
  },
];

const resource = (spec: object) => ({
  apiVersion: "cctelegram.io/v1alpha1",
  kind: "CCTelegramDeployment",
  metadata: { name: "pay", namespace },
  spec: { telegram: { botTokenSecretRef: { name: "pay-hmac", key: "secret" }, allowedUsers: [1] }, ...spec },
});

type Resource = {
  readonly metadata: { readonly generation: number };
  readonly status?: { readonly observedGeneration?: number };
};

/** Somebody who may manage CCTelegramDeployments in one namespace, and nothing else, reaches for what others have there. */
async function reach(cluster: Cluster): Promise<void> {
  const asAuthor = (args: readonly string[], input?: object) =>
    cluster.kubectl(["--as", author, "-n", namespace, ...args], input && { input: JSON.stringify(input) });
  const applied = async (spec: object) => {
    await asAuthor(["apply", "-f", "-"], resource(spec));
    const isJudged = async () => {
      const { metadata, status }: Resource = JSON.parse(await asAuthor(["get", "cctd", "pay", "-o", "json"]));
      return status?.observedGeneration === metadata.generation;
    };
    await waitFor(isJudged, { what: "the operator to judge the resource", timeoutMs: 60_000 });
  };
  await applied({ server: { auth: { clients: [{ name: "db" }] } } });
  await applied({ server: { auth: { clients: [] } }, networkPolicy: { mode: "Disabled" } });
  await asAuthor(["delete", "cctd", "pay", "--wait"]);
  const own = ["-n", namespace, "get", "serviceaccount", "pay-mcp-server", "--ignore-not-found", "-o", "name"];
  await waitFor(async () => (await cluster.kubectl(own)) === "", { what: "the garbage collector", timeoutMs: 90_000 });
}

async function prepare(cluster: Cluster): Promise<void> {
  await installDefinition(cluster);
  await cluster.kubectl(["create", "namespace", namespace]);
  const rules = ["--verb=*", "--resource=cctelegramdeployments.cctelegram.io"];
  await cluster.kubectl(["-n", namespace, "create", "role", author, ...rules]);
  await cluster.kubectl(["-n", namespace, "create", "rolebinding", author, `--role=${author}`, `--user=${author}`]);
  const items = victims.map(({ kind, apiVersion = "v1", name, content }) => ({
    apiVersion,
    kind,
    metadata: { name, namespace },
    ...content,
  }));
  await cluster.kubectl(["create", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items }) });
}

/** Version and all, so that even a write that changes nothing shows. */
const lookAt = (cluster: Cluster) =>
  Promise.all(
    victims.map(async ({ kind, name }) => {
      const args = ["-n", namespace, "get", kind, name, "--ignore-not-found", "-o", "json"];
      return { object: `${kind} ${name}`, state: await cluster.kubectl(args) };
    }),
  );

async function attack(cluster: Cluster, folder: string): Promise<Outcome> {
  await prepare(cluster);
  const before = await lookAt(cluster);
  const operator = await startProgram({
    role: "operator",
    memory: operatorLimit,
    env: {
      KUBECONFIG: await operatorKubeconfig(cluster, folder),
      SERVER_IMAGE: "cctelegram/server:attack",
      LEADER_ELECTION: "false",
      LISTEN_HOST: "127.0.0.1",
      HEALTH_PORT: "0",
      METRICS_PORT: "0",
    },
  });
  try {
    await reach(cluster);
    const after = await lookAt(cluster);
    const touched = after.filter(({ state }, index) => state !== before[index]?.state).map(({ object }) => object);
    const { peak } = operator.memory();
    const measured = `${victims.length - touched.length} of ${victims.length} objects as they were, operator highest ${peak} MiB`;
    const failures = failuresOf([
      [touched.length === 0, `touched: ${touched.join(", ")}`],
      [operator.isAlive(), `operator ${operator.ending()}`],
    ]);
    return { measured, failures };
  } finally {
    await operator.stop();
  }
}

async function run(): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "cctelegram-attack-"));
  try {
    return await withCluster({ name: "attack", nodes: 0 }, (cluster) => attack(cluster, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const foreignObjects: readonly Scenario[] = [{ name: "a resource whose names meet objects of others", run }];
