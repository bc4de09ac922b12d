import { problems } from "../problems.ts";
import type { Api } from "./api.ts";
import { isChanged } from "./refusals.ts";
import { nameOf, namespaceOf, pathOf, type Resource, resourceNamed } from "./resources.ts";

/** How our writes are named in managedFields. */
const fieldManager = "kubectl-cctelegram";

export type Patch = Readonly<Record<string, unknown>>;

type Writing = { readonly dryRun: boolean };

/** Strict: an operator that is older would otherwise drop the field without a word. */
const query = ({ dryRun }: Writing) => ({
  fieldManager,
  fieldValidation: "Strict",
  ...(dryRun ? { dryRun: "All" } : {}),
});

/** A merge patch. The API server judges it as it would without `dryRun`. */
export function patched<T = Resource>(api: Api, path: string, patch: Patch, writing: Writing): Promise<T> {
  const contentType = "application/merge-patch+json";
  return api.request<T>({ method: "PATCH", path, contentType, body: patch, query: query(writing) });
}

export function created<T>(api: Api, path: string, body: object, writing: Writing): Promise<T> {
  return api.request<T>({ method: "POST", path, body, query: query(writing) });
}

const mostTries = 5;

/**
 * A merge patch that depends on what is there, such as a list with one item more: it is refused when somebody else wrote meanwhile, and then
 * decided again.
 */
export async function changed(
  api: Api,
  resource: Resource,
  decide: (current: Resource) => Patch,
  writing: Writing,
): Promise<Resource> {
  const [namespace, name] = [namespaceOf(resource), nameOf(resource)];
  let current = resource;
  for (let tries = 0; tries < mostTries; tries += 1) {
    const { resourceVersion } = current.metadata;
    const patch = { ...decide(current), metadata: { resourceVersion } };
    try {
      return await patched<Resource>(api, pathOf(namespace, name), patch, writing);
    } catch (error) {
      if (!isChanged(error)) throw error;
      current = await resourceNamed(api, namespace, name);
    }
  }
  throw problems.conflict(name);
}
