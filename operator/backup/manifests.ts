import { dump } from "js-yaml";
import type { CachedResource } from "../deployment/cache/cached-objects.ts";
import { adoptionAnnotation, namesOf } from "../deployment/names.ts";
import { cctelegramDeployments, secrets } from "../deployment/resource-types.ts";
import { isNotFound } from "../runtime/api-error.ts";
import type { Client } from "../runtime/client.ts";
import { apiVersionOf, resourcePath } from "../runtime/resource-type.ts";
import type { BackupPlan } from "./plan.ts";

type Fields = Readonly<Record<string, string>>;

/** The manifests that an archive holds, by file name: for `kubectl apply` in any namespace. */
export async function manifestsOf(
  client: Pick<Client, "get">,
  deployment: CachedResource,
  plan: Pick<BackupPlan, "configuration" | "secrets">,
): Promise<Record<string, string>> {
  const names = plan.secrets === "Included" ? secretsOfDeployment(deployment) : [];
  const found = await Promise.all(names.map((name) => secretManifest(client, deployment, name)));
  return Object.fromEntries([
    ...(plan.configuration === "Included" ? [["cctelegramdeployment.yaml", configuration(deployment)]] : []),
    ...found.flatMap((manifest) => (manifest === undefined ? [] : [manifest])),
  ]);
}

/** Without what it starts with: that was for this one. */
function configuration({ name, spec: { restoreFrom: _, ...spec } }: CachedResource): string {
  const api = { apiVersion: apiVersionOf(cctelegramDeployments), kind: cctelegramDeployments.kind };
  return dump({ ...api, metadata: { name }, spec });
}

/** The Secrets that the operator has generated for it, and the bot token. */
function secretsOfDeployment({ name, spec }: CachedResource): string[] {
  const names = namesOf(name);
  return [
    names.hmac,
    names.apiKeys,
    ...(spec.monitoring.dashboard.mode === "Enabled" ? [names.dashboard] : []),
    ...spec.server.auth.clients.map((client) => names.connection(client.name)),
    spec.telegram.botTokenSecretRef.name,
  ];
}

/** With the word by which an operator takes over what it would have generated. */
async function secretManifest(
  client: Pick<Client, "get">,
  deployment: CachedResource,
  name: string,
): Promise<[file: string, text: string] | undefined> {
  try {
    const path = resourcePath(secrets, { namespace: deployment.namespace, name });
    const { data = {}, type = "Opaque" } = await client.get<{ data?: Fields; type?: string }>(path);
    const isGenerated = name !== deployment.spec.telegram.botTokenSecretRef.name;
    const annotations = isGenerated ? { annotations: { [adoptionAnnotation]: deployment.name } } : {};
    return [
      `secret-${name}.yaml`,
      dump({ apiVersion: "v1", kind: "Secret", metadata: { name, ...annotations }, type, data }),
    ];
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
