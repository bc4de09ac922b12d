import { pods, services } from "../../../../operator/deployment/resource-types.ts";
import type { Client } from "../../../../operator/runtime/client.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { resourcePath } from "../../../../operator/runtime/resource-type.ts";

type Pod = KubernetesObject & {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};
type Service = KubernetesObject & { readonly spec: { readonly selector: Readonly<Record<string, string>> } };

const isReady = ({ metadata, status }: Pod) =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;

/** A `fetch` that finds Services like the network of a cluster: one that selects no ready pod leads nowhere. */
export function throughServices(client: Client, pod: typeof fetch): typeof fetch {
  const leadsSomewhere = async (name: string, namespace: string): Promise<boolean> => {
    const service = await client.get<Service>(resourcePath(services, { namespace, name })).catch(() => undefined);
    if (service === undefined) return false;
    const labelSelector = Object.entries(service.spec.selector)
      .map(([label, value]) => `${label}=${value}`)
      .join();
    const { items } = await client.get<{ items: readonly Pod[] }>(resourcePath(pods, { namespace }), { labelSelector });
    return items.some(isReady);
  };
  return async (input, init) => {
    const [name = "", namespace = "", domain] = new URL(String(input)).hostname.split(".");
    if (domain === "svc" && !(await leadsSomewhere(name, namespace))) throw new TypeError("fetch failed");
    return pod(input, init);
  };
}
