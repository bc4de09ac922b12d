import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fullImageName, imageName } from "../images/names.ts";
import {
  applyResource,
  createNamespace,
  createToken,
  deleteNamespace,
  expectReason,
  kubectl,
  target,
  waitReady,
} from "./environment.ts";
import { clusterIP } from "./installation.ts";

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

test("an installation that was made by hand is taken over without a failed call, with the keys that its clients have", async () => {
  const namespace = await createNamespace("adopted");
  const key = "5".repeat(64);
  let isRunning = true;
  try {
    await createToken(namespace);
    await kubectl(["apply", "-f", "-"], { input: JSON.stringify(handMade(namespace, key)) });
    await kubectl(["-n", namespace, "rollout", "status", "deployment/cctelegram-mcp-server", "--timeout=2m"]);
    const base = `http://${await clusterIP(target, namespace, "cctelegram-mcp-service")}:8080`;
    const failures: string[] = [];
    const instances = new Set<string>();
    let answered = 0;
    // A connection for each call: one that is kept may be closed by a pod that ends while the call is on its way (RFC 9112, 9.5).
    const instanceNow = async () => {
      const answer = await fetch(`${base}/health`, { headers: { connection: "close" } });
      return ((await answer.json()) as { instance: string }).instance;
    };
    const calls = (async () => {
      while (isRunning) {
        try {
          const headers = { "x-api-key": key, "content-type": "application/json", connection: "close" };
          const answer = await fetch(`${base}/tools/list_event_types`, { method: "POST", headers, body: "{}" });
          if (!answer.ok) failures.push(`HTTP ${answer.status}: ${await answer.text()}`);
          else await answer.arrayBuffer();
          instances.add(await instanceNow());
          answered += 1;
        } catch (error) {
          failures.push(`${new Date().toISOString()} ${String((error as Error).cause ?? error)}`);
        }
      }
    })();
    const adoption = {
      apiKeys: { name: "cctelegram-secrets" },
      services: [{ name: "cctelegram-mcp-service", port: 8080 }],
    };
    const auth = { clients: [{ name: "test", permissions: ["*"] }] };
    await applyResource(namespace, "team", { adoption, server: { auth, rateLimit: { mode: "Disabled" } } });
    await waitReady(namespace, "team");
    await expectReason(namespace, "team", "Adopted", "NotHandedOver");
    const word = ["annotate", "service", "cctelegram-mcp-service", "cctelegram.io/adopt=team"];
    await kubectl(["-n", namespace, ...word]);
    await expectReason(namespace, "team", "Adopted", "TakenOver");
    await expect.poll(instanceNow, { timeout: 60_000, interval: 500 }).toMatch(/^team-mcp-server-/);
    await kubectl(["-n", namespace, "scale", "deployment", "cctelegram-mcp-server", "--replicas=0"]);
    await kubectl(["-n", namespace, "wait", "--for=delete", "pod", "-l", "app=cctelegram-mcp-server", "--timeout=2m"]);
    const before = answered;
    await expect.poll(() => answered).toBeGreaterThan(before + 5);
    isRunning = false;
    await calls;
    expect(failures).toEqual([]);
    expect([...instances].some((instance) => instance.startsWith("cctelegram-mcp-server-"))).toBe(true);
  } finally {
    isRunning = false;
    await deleteNamespace(namespace);
  }
});

/** What people make by the guides: a Deployment with the server and its bridge, a Service and a Secret. */
function handMade(namespace: string, key: string) {
  const labels = { app: "cctelegram-mcp-server" };
  const names = (name: string) => ({ namespace, name });
  const keys = { [key]: { name: "claude-production", permissions: ["list_event_types"], enabled: true } };
  const env = {
    MCP_SERVER_HOST: "0.0.0.0",
    TELEGRAM_ALLOWED_USERS: "1",
    CC_TELEGRAM_DATA_DIR: "/var/lib/cctelegram",
    // Nobody listens there: the server answers all the same.
    TELEGRAM_API_URL: "http://127.0.0.1:9",
    MCP_ENABLE_RATE_LIMIT: "false",
  };
  const fromSecret = (name: string, secret: string, item: string) => ({
    name,
    valueFrom: { secretKeyRef: { name: secret, key: item } },
  });
  const container = {
    name: "server",
    image: fullImageName(imageName("server")),
    imagePullPolicy: "Never",
    args: ["standalone"],
    env: [
      ...Object.entries(env).map(([name, value]) => ({ name, value })),
      fromSecret("TELEGRAM_BOT_TOKEN", "telegram", "token"),
      fromSecret("MCP_API_KEYS", "cctelegram-secrets", "MCP_API_KEYS"),
      { name: "INSTANCE_ID", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ],
    readinessProbe: { httpGet: { path: "/health/live", port: 8080 }, periodSeconds: 1 },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    volumeMounts: [{ name: "data", mountPath: "/var/lib/cctelegram" }],
  };
  const spec = {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 1001, fsGroup: 1001, seccompProfile: { type: "RuntimeDefault" } },
    containers: [container],
    volumes: [{ name: "data", emptyDir: {} }],
  };
  return {
    apiVersion: "v1",
    kind: "List",
    items: [
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: names("cctelegram-secrets"),
        stringData: { MCP_API_KEYS: JSON.stringify(keys) },
      },
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: names("cctelegram-mcp-server"),
        spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
      },
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: names("cctelegram-mcp-service"),
        spec: { selector: labels, ports: [{ name: "http", port: 8080, targetPort: 8080 }] },
      },
    ],
  };
}
