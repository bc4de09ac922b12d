import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { AdapterRule } from "../../../../deploy/prometheus-adapter/rules.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { Authority } from "./certificates.ts";

const group = "custom.metrics.k8s.io";
const version = "v1beta2";
const root = `/apis/${group}/${version}`;

export type AdapterOptions = {
  readonly rules: readonly AdapterRule[];
  readonly prometheus: string;
  /** The address to listen on. Default: loopback. */
  readonly host?: string;
  /** The pods that a selector matches. */
  readonly podsOf: (namespace: string, labelSelector: string) => Promise<readonly KubernetesObject[]>;
};

export type Adapter = {
  readonly port: number;
  /** What was asked for, as namespace/resource/metric. */
  readonly asked: ReadonlySet<string>;
  close(): Promise<void>;
};

/**
 * Does what prometheus-adapter does with its rules (docs/config.md there), which cannot be built here: finds the rule of a metric, fills in
 * its query, asks a Prometheus and answers as custom.metrics.k8s.io.
 */
export async function startAdapter(options: AdapterOptions): Promise<Adapter> {
  const authority = new Authority();
  const asked = new Set<string>();
  const server = createServer(authority.issue({ name: "localhost" }), async (request, response) => {
    const { status, body } = await answer(new URL(request.url ?? "/", "https://localhost"), options, asked).catch(
      (error: Error) => ({ status: 500, body: { kind: "Status", apiVersion: "v1", message: error.message } }),
    );
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, options.host ?? "localhost", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      authority.dispose();
    },
  };
}

async function answer({ pathname, searchParams }: URL, options: AdapterOptions, asked: Set<string>) {
  if (pathname === root)
    return {
      status: 200,
      body: { kind: "APIResourceList", apiVersion: "v1", groupVersion: `${group}/${version}`, resources: [] },
    };
  const [, namespace = "", plural = "", object = "", metric = ""] =
    /^\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(decodeURIComponent(pathname).slice(root.length)) ?? [];
  const rule = options.rules.find(({ name }) => new RegExp(name.matches).test(metric));
  const resource = plural.replace(/s$/, "");
  if (rule?.resources.overrides[resource] === undefined)
    return { status: 404, body: { kind: "Status", apiVersion: "v1" } };
  asked.add(`${namespace}/${plural}/${metric}`);
  const pods = async () => options.podsOf(namespace, searchParams.get("labelSelector") ?? "");
  const names = object === "*" ? (await pods()).map(({ metadata }) => metadata.name ?? "") : [object];
  const found = names.length === 0 ? [] : await query(options.prometheus, filled(rule, namespace, resource, names));
  const items = found.map(({ metric: labels, value: [at, value] }) => ({
    describedObject: {
      kind: resource === "pod" ? "Pod" : "Service",
      namespace,
      name: labels[resource],
      apiVersion: "/v1",
    },
    metric: { name: metric, selector: null },
    timestamp: new Date(at * 1000).toISOString(),
    value: `${Math.ceil(Number(value) * 1000)}m`,
  }));
  return { status: 200, body: { kind: "MetricValueList", apiVersion: `${group}/${version}`, metadata: {}, items } };
}

function filled({ name, metricsQuery }: AdapterRule, namespace: string, resource: string, objects: readonly string[]) {
  const matchers = `namespace="${namespace}",${resource}=~"${objects.join("|")}"`;
  return metricsQuery
    .replaceAll("<<.Series>>", name.as)
    .replaceAll("<<.LabelMatchers>>", matchers)
    .replaceAll("<<.GroupBy>>", resource);
}

type Sample = { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] };

async function query(prometheus: string, expression: string): Promise<readonly Sample[]> {
  const response = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { status, data, error } = (await response.json()) as {
    readonly status: string;
    readonly data?: { readonly result: readonly Sample[] };
    readonly error?: string;
  };
  if (status !== "success" || data === undefined) throw new Error(`Prometheus refuses ${expression}: ${error}`);
  return data.result;
}

/**
 * The objects that let an API server ask the adapter, which listens on this machine. An API server beside it finds it by a Service that is only
 * a name; one that resolves Services itself needs the machine's address.
 */
export function adapterObjects(namespace: string, port: number, address?: string) {
  const metadata = { name: "metrics-adapter", namespace };
  const ports = [{ port }];
  return {
    service: {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: address === undefined ? { type: "ExternalName", externalName: "localhost", ports } : { ports },
    },
    endpoints: {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": metadata.name } },
      addressType: "IPv4",
      endpoints: address === undefined ? [] : [{ addresses: [address], conditions: { ready: true } }],
      ports,
    },
    apiService: {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: `${version}.${group}` },
      spec: {
        group,
        version,
        insecureSkipTLSVerify: true,
        groupPriorityMinimum: 100,
        versionPriority: 200,
        service: { ...metadata, port },
      },
    },
  };
}
