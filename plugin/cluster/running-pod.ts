import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import { problems } from "../problems.ts";
import type { Api } from "./api.ts";
import { nameOf, podsOf, type Resource } from "./resources.ts";

type Status = {
  readonly phase?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
};

/** Ready and not about to end. */
export function isReady({ metadata, status }: KubernetesObject): boolean {
  const { conditions = [] } = (status ?? {}) as Status;
  return (
    metadata.deletionTimestamp === undefined &&
    conditions.some(({ type, status }) => type === "Ready" && status === "True")
  );
}

const isRunning = ({ status }: KubernetesObject) => (status as Status | undefined)?.phase === "Running";

/** A ready pod, else one that runs: a bridge that is not ready still answers. Throws when there is none. */
export async function runningPod(api: Api, resource: Resource, component: "bridge" | "mcp-server"): Promise<string> {
  const pods = await podsOf(api, resource, component);
  const ready = pods.find(isReady);
  // What still runs then is about to end.
  if (ready === undefined && resource.spec.activity === "Hibernated") throw problems.hibernates(nameOf(resource));
  const pod = ready ?? pods.find((candidate) => isRunning(candidate));
  if (pod === undefined) throw problems.noPod(component === "bridge" ? "bridge" : "MCP server", nameOf(resource));
  return nameOf(pod);
}
