import type { V1Pod, V1Service } from "@kubernetes/client-node";
import { pods, services } from "../../../../operator/deployment/resource-types.ts";
import type { Client } from "../../../../operator/runtime/client.ts";
import { resourcePath } from "../../../../operator/runtime/resource-type.ts";
import { Gatekeeper } from "./gatekeeper.ts";

type Destination = { readonly host: string; readonly port: number };

const isReady = ({ metadata, status }: V1Pod) =>
  metadata?.deletionTimestamp === undefined &&
  status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;

const listensOn = (pod: V1Pod, port: number | string) =>
  pod.spec?.containers.some(({ ports = [] }) =>
    ports.some(({ name, containerPort }) => name === port || containerPort === port),
  ) === true;

/** The pods to which a Service leads on a port. */
async function behind(client: Client, { host, port }: Destination): Promise<readonly V1Pod[]> {
  const [name = "", namespace = ""] = host.split(".");
  const service = await client.get<V1Service>(resourcePath(services, { namespace, name })).catch(() => undefined);
  const { selector = {}, ports = [] } = service?.spec ?? {};
  const led = ports.find((one) => one.port === port);
  if (led === undefined) return [];
  const labelSelector = Object.entries(selector)
    .map(([label, value]) => `${label}=${value}`)
    .join();
  const { items } = await client.get<{ items: readonly V1Pod[] }>(resourcePath(pods, { namespace }), { labelSelector });
  return items.filter((pod) => isReady(pod) && listensOn(pod, led.targetPort ?? port));
}

/**
 * A `fetch` that finds Services like the network of a cluster: one that selects no ready pod, or leads to no port of it,
 * leads nowhere. Pods let in whom the Secrets that they read let in.
 */
export function throughServices(client: Client, answer: typeof fetch, now: () => number): typeof fetch {
  const gatekeeper = new Gatekeeper(client, now);
  return async (input, init = {}) => {
    const url = new URL(String(input));
    // Addresses of pods are made up.
    if (!url.hostname.endsWith(".svc")) return answer(input, init);
    const [pod] = await behind(client, { host: url.hostname, port: Number(url.port) });
    if (pod === undefined) throw new TypeError("fetch failed");
    return (await gatekeeper.letsIn(pod, url.pathname, init)) ? answer(input, init) : refused();
  };
}

const refused = () => Response.json({ error: true, code: "UNAUTHORIZED" }, { status: 401 });
