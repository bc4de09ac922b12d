import { apiKeyFileName, hashedKey } from "../../../contract/api-key.ts";
import type { ApiKeyFile } from "../../../contract/api-key-file.ts";
import { clientConfiguration } from "../../../contract/client-configuration.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { type Component, dashboardUrl, namesOf, previousUntilAnnotation, verifierName } from "../names.ts";
import { secrets } from "../resource-types.ts";
import { triedTool } from "../rollout/preview-probe.ts";
import { readsSecret } from "../rollout/template.ts";
import type { OwnKey } from "../secrets/own-keys.ts";
import { annotationsOf, dataOf } from "../secrets/stored-value.ts";

/** The secret with which server and bridge sign their requests, with those of before and after while it is rotated. */
export const hmacSecret = (blueprint: Blueprint) => {
  const { hmac, salt } = blueprint;
  const data = { ...dataOf("secret", hmac), ...(salt === undefined ? {} : { salt }) };
  return secret(blueprint, namesOf(blueprint.name).hmac, "bridge", data, annotationsOf(hmac));
};

/** What the server checks keys against: only hashes, so reading this Secret gives no access. */
export function apiKeysSecret(blueprint: Blueprint): Child {
  const entries = blueprint.spec.server.auth.clients.flatMap((client) => [
    ...hashesOf(blueprint, client.name).map((hash) => [hash, entryOf(client)]),
    ...blueprint.previousKeys.flatMap(({ client: name, hash, expires, isHeld }) =>
      name === client.name ? [[hash, entryOf(isHeld ? client : { ...client, expires })]] : [],
    ),
  ]);
  const { verifierKey, furtherVerifierKeys = [] } = blueprint;
  const verifier = { name: verifierName, permissions: triedTools(blueprint), enabled: true };
  // In an order of their own: when a key takes the place of another, the file is the same.
  const verifiers = [verifierKey, ...furtherVerifierKeys].map(hashedKey).sort();
  const own = Object.fromEntries(entries);
  // Those of before would end after a time.
  const imported = Object.entries(blueprint.imported?.file ?? {}).filter(([hash]) => !isPresent(blueprint, hash));
  const file: ApiKeyFile = {
    ...own,
    ...Object.fromEntries([...imported, ...verifiers.map((hash) => [hash, verifier])]),
  };
  return secret(blueprint, namesOf(blueprint.name).apiKeys, "mcp-server", {
    [apiKeyFileName]: JSON.stringify(file, null, 2),
  });
}

/** What the verifier calls of a version that is tried. */
const triedTools = ({ spec, rollout }: Blueprint) =>
  spec.rollout.strategy === "BlueGreen" || rollout?.isPreviewed ? [triedTool] : [];

/** Of the present key, and of the one that takes its place next. */
function hashesOf({ keys, ownKeys }: Blueprint, client: string): readonly string[] {
  const { current, next } = keys.get(client) ?? {};
  const made = [current, next?.value].flatMap((key) => (key === undefined ? [] : [hashedKey(key)]));
  return [...made, ...(ownKeys.get(client)?.hash ? [ownKeys.get(client)?.hash ?? ""] : [])];
}

const isPresent = (blueprint: Blueprint, hash: string) =>
  blueprint.spec.server.auth.clients.some(({ name }) => hashesOf(blueprint, name).includes(hash));

type Client = Blueprint["spec"]["server"]["auth"]["clients"][number];

const entryOf = ({ name, permissions, access, expires, requests }: Client): ApiKeyFile[string] => ({
  name,
  permissions: permissions ?? [],
  enabled: access !== "Disabled",
  ...(expires === undefined ? {} : { expires: new Date(expires).toISOString() }),
  ...(requests === undefined ? {} : { limit: { requests } }),
});

/** What a person needs to open the dashboard. It stays as long as there are servers of a version that has one. */
export function dashboardSecrets(blueprint: Blueprint): Child[] {
  const { namespace, name } = blueprint;
  const dashboard = blueprint.dashboard ?? (hasFormerDashboard(blueprint) ? blueprint.formerDashboard : undefined);
  if (dashboard === undefined) return [];
  const { password } = dashboard;
  const data = { username: "admin", ...dataOf("password", password), url: dashboardUrl(namespace, name) };
  return [secret(blueprint, namesOf(name).dashboard, "mcp-server", data, annotationsOf(password))];
}

/** Servers whose template is lost stay as they are, and may have one. */
const hasFormerDashboard = ({ name, rollout }: Blueprint) =>
  rollout?.servers.some(({ pods }) => pods === undefined || readsSecret(pods, namesOf(name).dashboard)) ?? false;

/** What a client needs to connect: one Secret for each declared client. */
export function connectionSecrets(blueprint: Blueprint): Child[] {
  return blueprint.spec.server.auth.clients.map(({ name }) => {
    const own = blueprint.ownKeys.get(name);
    return own ? ownConnection(blueprint, name, own) : connection(blueprint, name);
  });
}

function connection(blueprint: Blueprint, client: string): Child {
  const { url, keys, previousKeys } = blueprint;
  const key = keys.get(client) ?? { current: "" };
  const ends = previousKeys.flatMap(({ client: name, expires }) => (name === client ? [expires] : [])).sort();
  const [previousUntil] = ends.slice(-1);
  const data = { url, ...dataOf("key", key), "mcp.json": configurationWith(url, key.current) };
  return secret(blueprint, namesOf(blueprint.name).connection(client), "mcp-server", data, {
    ...annotationsOf(key),
    ...(previousUntil === undefined ? {} : { [previousUntilAnnotation]: previousUntil }),
  });
}

/** Of a client with a key of its own: where that is, and not what. */
function ownConnection(blueprint: Blueprint, client: string, { ref }: OwnKey): Child {
  const { url } = blueprint;
  const data = { url, keySecretName: ref.name, keySecretKey: ref.key, "mcp.json": configurationWith(url, keyVariable) };
  return secret(blueprint, namesOf(blueprint.name).connection(client), "mcp-server", data);
}

/** Clients such as Claude Code put the variable of that name there. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is for the client.
const keyVariable = "${CCTELEGRAM_KEY}";

const configurationWith = (url: string, key: string) => JSON.stringify(clientConfiguration(url, key), null, 2);

type Texts = Readonly<Record<string, string>>;

function secret(blueprint: Blueprint, name: string, component: Component, data: Texts, annotations: Texts = {}): Child {
  const metadata = metadataOf(blueprint, name, component);
  return child(secrets, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
    type: "Opaque",
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
  });
}
