import { apiVersionOf } from "../runtime/resource-type.ts";
import type { CachedResource } from "./cache/cached-objects.ts";
import { cctelegramDeployments } from "./resource-types.ts";

/** The resource as the `regarding` object of an event. */
export function regarding({ namespace, name, uid, resourceVersion }: CachedResource) {
  const { kind } = cctelegramDeployments;
  return { apiVersion: apiVersionOf(cctelegramDeployments), kind, namespace, name, uid, resourceVersion };
}
