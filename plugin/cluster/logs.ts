import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pods } from "../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import { resourcePath } from "../../operator/runtime/resource-type.ts";
import type { Api, Query } from "./api.ts";
import { nameOf, namespaceOf } from "./resources.ts";

export type LogSource = { readonly pod: KubernetesObject; readonly container: string };

/** The containers of a pod, the first of which is ours: injected sidecars come after it. */
export function containersOf({ spec }: KubernetesObject): readonly string[] {
  return ((spec as { containers?: readonly { name: string }[] } | undefined)?.containers ?? []).map(({ name }) => name);
}

/** The lines of a container, as they come. */
export async function* logLines(
  api: Api,
  { pod, container }: LogSource,
  query: Query,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const path = resourcePath(pods, { namespace: namespaceOf(pod), name: nameOf(pod), subresource: "log" });
  const body = await api.stream(path, { container, ...query }, signal);
  yield* createInterface({ input: Readable.from(body), crlfDelay: Number.POSITIVE_INFINITY });
}
