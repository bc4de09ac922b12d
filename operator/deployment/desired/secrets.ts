import { apiKeyFileName, hashedKey } from "../../../contract/api-key.ts";
import type { ApiKeyFile } from "../../../contract/api-key-file.ts";
import { clientConfiguration } from "../../../contract/client-configuration.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { type Component, namesOf } from "../names.ts";
import { secrets } from "../resource-types.ts";

/** The secret with which server and bridge sign their requests. */
export const hmacSecret = (blueprint: Blueprint) =>
  secret(blueprint, namesOf(blueprint.name).hmac, "bridge", { secret: blueprint.hmac });

/** What the server checks keys against: only hashes, so reading this Secret gives no access. */
export function apiKeysSecret(blueprint: Blueprint): Child {
  const entries = blueprint.spec.server.auth.clients.map(({ name, permissions, access }) => [
    hashedKey(blueprint.keys.get(name) ?? ""),
    { name, permissions: permissions ?? [], enabled: access !== "Disabled" },
  ]);
  const verifier = [hashedKey(blueprint.verifierKey), { name: "cctelegram-operator", permissions: [], enabled: true }];
  const file: ApiKeyFile = Object.fromEntries([...entries, verifier]);
  return secret(blueprint, namesOf(blueprint.name).apiKeys, "mcp-server", {
    [apiKeyFileName]: JSON.stringify(file, null, 2),
  });
}

/** What a client needs to connect: one Secret for each declared client. */
export function connectionSecrets(blueprint: Blueprint): Child[] {
  const { url } = blueprint;
  return blueprint.spec.server.auth.clients.map(({ name }) => {
    const key = blueprint.keys.get(name) ?? "";
    return secret(blueprint, namesOf(blueprint.name).connection(name), "mcp-server", {
      url,
      key,
      "mcp.json": JSON.stringify(clientConfiguration(url, key), null, 2),
    });
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
