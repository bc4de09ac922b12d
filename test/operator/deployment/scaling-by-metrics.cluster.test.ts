import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AdapterRule } from "../../../deploy/prometheus-adapter/rules.ts";
import { freePorts } from "../../../e2e/cluster/free-ports.ts";
import * as types from "../../../operator/deployment/resource-types.ts";
import { commandsIn } from "../../pages/blocks.ts";
import { type Process, startProcess } from "../../server/support/process.ts";
import { keys, keysJson } from "../../server/support/server.ts";
import { type Adapter, adapterObjects, startAdapter } from "./support/metrics-adapter.ts";
import { createResource, createToken, eventually, untilCondition, untilReady } from "./support/steps.ts";
import { World } from "./support/world.ts";

const hasPrometheus = existsSync("/usr/bin/prometheus");
const services = "/apis/apiregistration.k8s.io/v1/apiservices";

describe.skipIf(!hasPrometheus)(
  `real numbers of a server, by a real Prometheus and the rules for prometheus-adapter${hasPrometheus ? "" : " (not run: install the package prometheus)"}`,
  () => {
    let folder: string;
    let world: World;
    let program: Process;
    let prometheus: ChildProcess;
    let adapter: Adapter;
    let apiService: string | undefined;
    let ports: { mcp: number; metrics: number; prometheus: number };

    /** Server and bridge in one process; nobody is where Telegram should be, so messages wait. */
    async function startProgram(): Promise<void> {
      const [mcp = 0, metrics = 0, own = 0, nobody = 0] = await freePorts(4);
      ports = { mcp, metrics, prometheus: own };
      program = startProcess(["standalone"], {
        TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample",
        TELEGRAM_ALLOWED_USERS: "1001",
        TELEGRAM_API_URL: `http://127.0.0.1:${nobody}`,
        TELEGRAM_UPDATES: "Polling",
        CC_TELEGRAM_DATA_DIR: join(folder, "data"),
        MCP_API_KEYS: keysJson,
        MCP_SERVER_PORT: `${mcp}`,
        METRICS_PORT: `${metrics}`,
      });
      await program.logged("ready to work");
    }

    const call = (tool: string, args: object) =>
      fetch(`http://127.0.0.1:${ports.mcp}/tools/${tool}`, {
        method: "POST",
        headers: { "X-API-Key": keys.all, "Content-Type": "application/json" },
        body: JSON.stringify(args),
      });

    /** A Prometheus that scrapes the program as this pod of the server, and as the bridge, with the labels of a ServiceMonitor. */
    function startPrometheus(labels: readonly object[]): void {
      const jobs = labels.map((each, index) => ({
        job_name: `job-${index}`,
        static_configs: [{ targets: [`127.0.0.1:${ports.metrics}`], labels: each }],
      }));
      writeFileSync(
        join(folder, "prometheus.yml"),
        dump({ global: { scrape_interval: "1s", scrape_timeout: "1s" }, scrape_configs: jobs }),
      );
      prometheus = spawn(
        "/usr/bin/prometheus",
        [
          `--config.file=${folder}/prometheus.yml`,
          `--storage.tsdb.path=${folder}/series`,
          `--web.listen-address=127.0.0.1:${ports.prometheus}`,
        ],
        { stdio: "ignore" },
      );
    }

    const podsOf = (namespace: string, labelSelector: string) =>
      world.client.list(`/api/v1/namespaces/${namespace}/pods`, { labelSelector });

    const podOf = async (name: string) => {
      const [pod] = await podsOf(
        world.namespace,
        `app.kubernetes.io/instance=${name},app.kubernetes.io/component=mcp-server`,
      );
      return pod?.metadata.name ?? "";
    };

    /** What docs/scaling.md says that the autoscaler asks for, by `kubectl get --raw`. */
    function asked(): string[] {
      const paths = commandsIn("scaling").flatMap(({ text }) => /^kubectl get --raw "(.*)"$/.exec(text)?.[1] ?? []);
      expect(paths).toHaveLength(2);
      return paths.map((path) => path.replace("/cctelegram/", `/${world.namespace}/`).replace("/team-", "/own-"));
    }

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "metrics-"));
      world = await World.create("metrics");
      world.kubelet.start();
      await createToken(world);
      await Promise.all([world.startOperator(), startProgram()]);
      const metrics = [
        { type: "CallsInFlight", target: 2 },
        { type: "QueueAge", target: 100_000 },
      ];
      const own = { mode: "Enabled", minReplicas: 1, maxReplicas: 5, metrics };
      await createResource(world, "own", { server: { autoscaling: own } });
      await createResource(world, "whole");
      await Promise.all([untilReady(world, "own"), untilReady(world, "whole")]);
      const { namespace } = world;
      const labels = async (name: string) => [
        { namespace, pod: await podOf(name), service: `${name}-mcp-server`, component: "mcp-server", cctelegram: name },
        { namespace, pod: `${name}-bridge-0`, service: `${name}-bridge`, component: "bridge", cctelegram: name },
      ];
      startPrometheus([...(await labels("own")), ...(await labels("whole"))]);
      const values = load(readFileSync("deploy/prometheus-adapter/values.yaml", "utf8")) as {
        rules: { custom: AdapterRule[] };
      };
      const url = `http://127.0.0.1:${ports.prometheus}`;
      adapter = await startAdapter({ rules: values.rules.custom, prometheus: url, podsOf });
      const objects = adapterObjects(namespace, adapter.port);
      await world.post(types.services, objects.service);
      await world.client.request({ method: "POST", path: services, body: objects.apiService });
      apiService = objects.apiService.metadata.name;
    });

    afterAll(async () => {
      if (apiService !== undefined) await world.client.request({ method: "DELETE", path: `${services}/${apiService}` });
      await adapter?.close();
      for (const child of [prometheus, program?.child]) {
        if (child === undefined || child.exitCode !== null) continue;
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      await world.dispose();
      rmSync(folder, { recursive: true });
    });

    test("reach the autoscalers, which scale by them: one of the operator's, and one of the resource itself", async () => {
      const asking = Array.from({ length: 5 }, (_, index) =>
        call("send_approval_request", {
          title: `Deploy ${index}?`,
          description: "Shall it be?",
          wait_seconds: 600,
        }).catch(() => undefined),
      );
      await eventually(async () =>
        expect(await (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text()).toMatch(
          /^mcp_calls_in_flight 5$/m,
        ),
      );
      const text = readFileSync("examples/autoscaler/autoscaler.yaml", "utf8")
        .replaceAll("name: team", "name: whole")
        .replace("namespace: cctelegram", `namespace: ${world.namespace}`)
        .replace("minReplicas: 2", "minReplicas: 1")
        .replace('averageValue: "50"', 'averageValue: "2"');
      await world.post(types.horizontalPodAutoscalers, load(text) as object);
      // 5 calls, 2 for each: 3 servers.
      await eventually(async () => {
        const { spec } = await world.get<{ spec: { replicas: number } }>(types.deployments, "whole-mcp-server");
        expect(spec.replicas).toBe(3);
      }, 90_000);
      await untilCondition(world, "whole", "Autoscaling", { status: "True", reason: "ScaledByAnother" });
      type Scaler = { status: { currentMetrics: object[] } };
      // The autoscaler looks every 15 s, and may have looked before the first message waited.
      await eventually(async () => {
        const { status } = await world.get<Scaler>(types.horizontalPodAutoscalers, "own-mcp-server");
        expect(status.currentMetrics).toHaveLength(4);
        expect(status.currentMetrics).toContainEqual(
          expect.objectContaining({
            pods: { metric: { name: "mcp_calls_in_flight" }, current: { averageValue: "5" } },
          }),
        );
        expect(status.currentMetrics).toContainEqual(
          expect.objectContaining({
            object: expect.objectContaining({
              describedObject: { apiVersion: "v1", kind: "Service", name: "own-bridge" },
              current: { value: expect.stringMatching(/^[1-9]/) },
            }),
          }),
        );
      }, 90_000);
      await untilCondition(world, "own", "Autoscaling", { status: "True", reason: "ScalingActive" }, 60_000);
      for (const path of asked()) {
        const found = await world.client.get<{ items: object[] }>(path);
        expect(found.items, path).not.toEqual([]);
      }
      program.child.kill("SIGTERM");
      await Promise.all(asking);
    });
  },
);
