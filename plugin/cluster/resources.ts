import type { DeploymentSpec } from "../../operator/api/spec.ts";
import type { DeploymentStatus } from "../../operator/api/status.ts";
import { namesOf } from "../../operator/deployment/names.ts";
import { cctelegramDeployments, pods, secrets } from "../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import { resourcePath } from "../../operator/runtime/resource-type.ts";
import { nearName } from "../near-name.ts";
import { problems } from "../problems.ts";
import type { Api } from "./api.ts";
import { isMissing } from "./refusals.ts";

/** A CCTelegramDeployment as the API server holds it. Fields of a newer or older operator may be there, or missing. */
export type Resource = KubernetesObject & {
  readonly spec: Partial<DeploymentSpec> & Readonly<Record<string, unknown>>;
  readonly status?: DeploymentStatus & Readonly<Record<string, unknown>>;
};

export type Client = DeploymentSpec["server"]["auth"]["clients"][number];

export type Secret = KubernetesObject & { readonly data?: Readonly<Record<string, string>> };

export const pathOf = (namespace: string, name?: string) => resourcePath(cctelegramDeployments, { namespace, name });

export const nameOf = ({ metadata }: KubernetesObject): string => metadata.name ?? "";
export const namespaceOf = ({ metadata }: KubernetesObject): string => metadata.namespace ?? "";

/** Throws with the nearest name when there is none. */
export async function resourceNamed(api: Api, namespace: string, name: string): Promise<Resource> {
  try {
    return await api.get<Resource>(pathOf(namespace, name));
  } catch (error) {
    if (!isMissing(error)) throw error;
    const names = await api.list(pathOf(namespace)).then(
      (found) => found.map(nameOf),
      () => [],
    );
    throw problems.noResource(name, namespace, nearName(name, names), names);
  }
}

/** Those of a namespace, or of all; by namespace and name. */
export async function resourcesIn(api: Api, namespace: string | undefined): Promise<Resource[]> {
  const found = await api.list<Resource>(resourcePath(cctelegramDeployments, { namespace }));
  return found.toSorted((a, b) => keyOf(a).localeCompare(keyOf(b)));
}

const keyOf = (object: KubernetesObject) => `${namespaceOf(object)}/${nameOf(object)}`;

/** Of server and bridge; by name. */
export async function podsOf(api: Api, resource: Resource, component?: string): Promise<KubernetesObject[]> {
  const labels = [
    "app.kubernetes.io/name=cctelegram",
    `app.kubernetes.io/instance=${nameOf(resource)}`,
    ...(component === undefined ? [] : [`app.kubernetes.io/component=${component}`]),
  ];
  const path = resourcePath(pods, { namespace: namespaceOf(resource) });
  const found = await api.list(path, { labelSelector: labels.join(",") });
  return found.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

export const clientsOf = ({ spec }: Resource): readonly Client[] => spec.server?.auth?.clients ?? [];

/** Throws with the nearest name when there is none. */
export function clientNamed(resource: Resource, name: string): Client {
  const clients = clientsOf(resource);
  const names = clients.map((client) => client.name);
  const found = clients.find((client) => client.name === name);
  if (found === undefined) throw problems.noClient(name, nameOf(resource), nearName(name, names), names);
  return found;
}

export const secretPath = (namespace: string, name: string) => resourcePath(secrets, { namespace, name });

/** A value of a Secret, decoded. Throws when there is none. */
export async function secretValue(api: Api, namespace: string, name: string, key: string): Promise<string> {
  const value = (await secretNamed(api, namespace, name))?.data?.[key];
  if (!value) throw problems.noSecret(name, key);
  return Buffer.from(value, "base64").toString();
}

/** undefined when there is none. */
export async function secretNamed(api: Api, namespace: string, name: string): Promise<Secret | undefined> {
  return api.get<Secret>(secretPath(namespace, name)).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}

export const connectionName = (resource: Resource, client: string) => namesOf(nameOf(resource)).connection(client);
