import { nextAtAnnotation, rotateAnnotation, rotatedAnnotation } from "../../operator/deployment/names.ts";
import { secrets } from "../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import { resourcePath } from "../../operator/runtime/resource-type.ts";
import type { Api } from "../cluster/api.ts";
import { isForbidden } from "../cluster/refusals.ts";
import {
  type Client,
  clientsOf,
  connectionName,
  nameOf,
  namespaceOf,
  type Resource,
  resourceNamed,
} from "../cluster/resources.ts";
import { present } from "../output.ts";
import { ageOf } from "../rendering/age.ts";
import { table } from "../rendering/table.ts";
import { type Command, resourceArgument } from "./command.ts";

type KeyView = {
  readonly client: string;
  readonly access: "Enabled" | "Disabled";
  readonly permissions: readonly string[];
  readonly expires: string | undefined;
  readonly requests: number | undefined;
  readonly secret: string;
  /** Of its Secret; unknown: the user may not see Secrets. */
  readonly state: "present" | "missing" | "rotating" | "unknown";
  readonly createdAt: string | undefined;
  readonly rotatedAt: string | undefined;
  readonly nextKeyAt: string | undefined;
};

export const keysList: Command = {
  path: ["keys", "list"],
  summary: "List the clients of a resource, with permissions and the state of their keys, but no key",
  arguments: [resourceArgument],
  output: ["json", "yaml", "wide"],
  examples: ["keys list team", "keys list team -o json"],
  rights: ["get cctelegramdeployments.cctelegram.io", "list secrets (for their state)"],
  async run(context, input) {
    const { api, namespace } = context.cluster();
    const resource = await resourceNamed(api, namespace, input.argument("resource"));
    const found = await connectionSecrets(api, resource);
    const views = clientsOf(resource).map((client) => keyView(resource, client, found));
    present(context, input, views, () => keysText(views, { now: context.now(), wide: input.format === "wide" }));
  },
};

/** undefined: the user may not list them. */
async function connectionSecrets(api: Api, resource: Resource): Promise<readonly KubernetesObject[] | undefined> {
  const labelSelector = `app.kubernetes.io/name=cctelegram,app.kubernetes.io/instance=${nameOf(resource)}`;
  return api
    .list(resourcePath(secrets, { namespace: namespaceOf(resource) }), { labelSelector })
    .catch((error: unknown) => {
      if (isForbidden(error)) return undefined;
      throw error;
    });
}

/** How the key of a client is. */
function keyView(resource: Resource, client: Client, found: readonly KubernetesObject[] | undefined): KeyView {
  const secret = connectionName(resource, client.name);
  const metadata = found?.find((candidate) => nameOf(candidate) === secret)?.metadata;
  const asked = metadata?.annotations?.[rotateAnnotation];
  const granted = metadata?.annotations?.[rotatedAnnotation];
  const present = asked !== undefined && asked !== granted ? "rotating" : "present";
  return {
    client: client.name,
    access: client.access ?? "Enabled",
    permissions: client.permissions ?? [],
    expires: client.expires,
    requests: client.requests,
    secret,
    state: found === undefined ? "unknown" : metadata === undefined ? "missing" : present,
    createdAt: metadata?.creationTimestamp,
    rotatedAt: granted,
    nextKeyAt: (present === "rotating" && metadata?.annotations?.[nextAtAnnotation]) || undefined,
  };
}

function keysText(keys: readonly KeyView[], { now, wide }: { readonly now: number; readonly wide: boolean }): string {
  if (keys.length === 0) return "There are no clients: keys create adds one.";
  const headings = [
    "CLIENT",
    "ACCESS",
    "KEY",
    "AGE",
    "EXPIRES",
    "PERMISSIONS",
    ...(wide ? ["REQUESTS", "ROTATED", "SECRET"] : []),
  ];
  const rows = keys.map((key) => [
    key.client,
    key.access,
    key.nextKeyAt === undefined ? key.state : `${key.state} (until ${key.nextKeyAt})`,
    ageOf(key.createdAt, now),
    key.expires ?? "never",
    key.permissions.join(",") || "none",
    ...(wide
      ? [key.requests === undefined ? "default" : String(key.requests), key.rotatedAt ?? "never", key.secret]
      : []),
  ]);
  return table(headings, rows);
}
