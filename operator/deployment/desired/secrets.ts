import { apiKeyFileName, hashedKey } from "../../../contract/api-key.ts";
import type { ApiKeyFile } from "../../../contract/api-key-file.ts";
import { clientConfiguration } from "../../../contract/client-configuration.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import {
  type Component,
  dashboardUrl,
  namesOf,
  nextKeyAtAnnotation,
  rotatedAnnotation,
  verifierName,
} from "../names.ts";
import { secrets } from "../resource-types.ts";

/** The secret with which server and bridge sign their requests. */
export const hmacSecret = (blueprint: Blueprint) =>
  secret(blueprint, namesOf(blueprint.name).hmac, "bridge", { secret: blueprint.hmac });

/** What the server checks keys against: only hashes, so reading this Secret gives no access. */
export function apiKeysSecret(blueprint: Blueprint): Child {
  const entries = blueprint.spec.server.auth.clients.flatMap((client) => [
    ...keysOf(blueprint, client.name).map((key) => [hashedKey(key), entryOf(client)]),
    ...blueprint.previousKeys.flatMap(({ client: name, hash, expires }) =>
      name === client.name ? [[hash, entryOf({ ...client, expires })]] : [],
    ),
  ]);
  const verifier = [hashedKey(blueprint.verifierKey), { name: verifierName, permissions: [], enabled: true }];
  const own = Object.fromEntries(entries);
  // Those of before would end after a time.
  const imported = Object.entries(blueprint.imported?.file ?? {}).filter(([hash]) => !isPresent(blueprint, hash));
  const file: ApiKeyFile = { ...own, ...Object.fromEntries([...imported, verifier]) };
  return secret(blueprint, namesOf(blueprint.name).apiKeys, "mcp-server", {
    [apiKeyFileName]: JSON.stringify(file, null, 2),
  });
}

/** The present one, and the one that takes its place next. */
function keysOf({ keys }: Blueprint, client: string): readonly string[] {
  const { key = "", next } = keys.get(client) ?? {};
  return next === undefined ? [key] : [key, next.key];
}

const isPresent = ({ keys }: Blueprint, hash: string) =>
  [...keys.values()].some(({ key, next }) => [key, ...(next ? [next.key] : [])].map(hashedKey).includes(hash));

type Client = Blueprint["spec"]["server"]["auth"]["clients"][number];

const entryOf = ({ name, permissions, access, expires, requests }: Client): ApiKeyFile[string] => ({
  name,
  permissions: permissions ?? [],
  enabled: access !== "Disabled",
  ...(expires === undefined ? {} : { expires: new Date(expires).toISOString() }),
  ...(requests === undefined ? {} : { limit: { requests } }),
});

/** What a person needs to open the dashboard. */
export function dashboardSecrets(blueprint: Blueprint): Child[] {
  const { namespace, name, dashboard } = blueprint;
  if (dashboard === undefined) return [];
  const data = { username: "admin", password: dashboard.password, url: dashboardUrl(namespace, name) };
  return [secret(blueprint, namesOf(name).dashboard, "mcp-server", data)];
}

/** What a client needs to connect: one Secret for each declared client. */
export function connectionSecrets(blueprint: Blueprint): Child[] {
  const { url } = blueprint;
  return blueprint.spec.server.auth.clients.map(({ name }) => {
    const { key = "", next, granted } = blueprint.keys.get(name) ?? {};
    const { type, object } = secret(blueprint, namesOf(blueprint.name).connection(name), "mcp-server", {
      url,
      key,
      "mcp.json": JSON.stringify(clientConfiguration(url, key), null, 2),
      ...(next === undefined ? {} : { next: next.key }),
    });
    const annotations = {
      ...object.metadata.annotations,
      ...(granted === undefined ? {} : { [rotatedAnnotation]: granted }),
      ...(next?.at === undefined ? {} : { [nextKeyAtAnnotation]: next.at }),
    };
    return child(type, { ...object, metadata: { ...object.metadata, annotations } });
  });
}

function secret(blueprint: Blueprint, name: string, component: Component, data: Record<string, string>): Child {
  return child(secrets, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: metadataOf(blueprint, name, component),
    type: "Opaque",
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
  });
}
