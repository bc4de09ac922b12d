import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import type { AdapterRule } from "../deploy/prometheus-adapter/rules.ts";
import type { KubernetesObject } from "../operator/runtime/kubernetes-object.ts";
import { adapterObjects, startAdapter } from "../test/operator/deployment/support/metrics-adapter.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { freePorts } from "./cluster/free-ports.ts";
import { waitFor } from "./cluster/wait.ts";
import { opens } from "./port.ts";

const program = "/usr/bin/prometheus";
const values = join(import.meta.dirname, "../deploy/prometheus-adapter/values.yaml");

/** Why there are no metrics for autoscalers; empty when there are. */
export const noPrometheus = existsSync(program) ? "" : " (not run: install the package prometheus)";

type Endpoint = { readonly addresses: readonly string[]; readonly targetRef?: { readonly name: string } };

type Slice = {
  readonly metadata: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
  /** Both are null without a pod. */
  readonly endpoints: readonly Endpoint[] | null;
  readonly ports: readonly { readonly name: string; readonly port: number }[] | null;
};

/** As the ServiceMonitor has it: a target for each pod of a Service, with its names. */
function targetsIn({ metadata: { namespace, labels }, endpoints, ports }: Slice) {
  const service = labels["kubernetes.io/service-name"];
  const { port } = ports?.find(({ name }) => name === "metrics") ?? {};
  return (endpoints ?? []).flatMap(({ addresses, targetRef }) =>
    port === undefined || targetRef === undefined
      ? []
      : [{ targets: [`${addresses[0]}:${port}`], labels: { namespace, pod: targetRef.name, service } }],
  );
}

/** Tells Prometheus which pods there are: that of Debian cannot ask Kubernetes. */
async function startDiscovery({ kubectl }: Cluster, namespaces: readonly string[]) {
  const slices = async (namespace: string) => {
    const labels = "app.kubernetes.io/name=cctelegram";
    const listed = await kubectl(["-n", namespace, "get", "endpointslices", "-l", labels, "-o", "json"]);
    return (JSON.parse(listed) as { items: Slice[] }).items;
  };
  const server = createServer(async (_, response) => {
    const found = await Promise.all(namespaces.map(slices)).catch(() => undefined);
    response.writeHead(found ? 200 : 503, { "content-type": "application/json" });
    response.end(JSON.stringify(found?.flat().flatMap(targetsIn)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A Prometheus on this machine scrapes all pods of namespaces, and autoscalers get its numbers by the rules for prometheus-adapter. */
export async function serveMetrics(cluster: Cluster, namespaces: readonly string[]): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), "metrics-"));
  const discovery = await startDiscovery(cluster, namespaces);
  const [port = 0] = await freePorts(1);
  const configuration = {
    global: { scrape_interval: "1s", scrape_timeout: "1s" },
    scrape_configs: [{ job_name: "cctelegram", http_sd_configs: [{ url: discovery.url, refresh_interval: "2s" }] }],
  };
  writeFileSync(join(folder, "prometheus.yml"), dump(configuration));
  const flags = [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/series`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const prometheus = spawn(program, flags, { stdio: "ignore" });
  await waitFor(() => opens("127.0.0.1", port, 1_000), { what: "Prometheus", timeoutMs: 30_000 });
  const { rules } = load(readFileSync(values, "utf8")) as { rules: { custom: AdapterRule[] } };
  const host = cluster.host ?? "";
  const adapter = await startAdapter({
    ...{ host, prometheus: `http://127.0.0.1:${port}`, rules: rules.custom },
    podsOf: async (namespace, selector) => {
      const listed = await cluster.kubectl(["-n", namespace, "get", "pods", "-l", selector, "-o", "json"]);
      return (JSON.parse(listed) as { items: KubernetesObject[] }).items;
    },
  });
  const { service, endpoints, apiService } = adapterObjects(namespaces[0] ?? "", adapter.port, host);
  const items = [service, endpoints, apiService];
  await cluster.kubectl(["apply", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items }) });
  return async () => {
    // While it is registered and does not answer, no namespace can be deleted.
    await cluster.kubectl(["delete", "apiservice", apiService.metadata.name]);
    await Promise.all([adapter.close(), ended(prometheus), discovery.close()]);
    rmSync(folder, { recursive: true });
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
