import { createHmac } from "node:crypto";
import { apiKeyFileName, hashedKey } from "../../../contract/api-key.ts";
import type { Blueprint } from "../blueprint.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import type { Cluster } from "../cache/cluster.ts";
import { ownChild } from "../cache/own-child.ts";
import { namesOf } from "../names.ts";
import * as types from "../resource-types.ts";
import type { Settings } from "../settings.ts";
import { secretAges } from "./ages.ts";
import { type GeneratedValue, generatedValue, valuesIn } from "./generated-value.ts";
import type { GeneratedValues } from "./generated-values.ts";
import { keyRefOf, ownKeys } from "./own-keys.ts";
import { previousKeys } from "./previous-keys.ts";
import type { SecretsSnapshot } from "./problems.ts";
import type { Referred } from "./referred-values.ts";
import { storedValue } from "./stored-value.ts";
import { refersToValues, variablesMark } from "./variables.ts";

type Parts = {
  readonly cluster: Cluster;
  readonly settings: Settings;
  readonly generated: GeneratedValues;
  readonly referred: Referred;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** The kubelet updates volumes within about a minute, and programs look at their files every two seconds. */
const spreadMs = 120_000;
/** Longer than a client may take to bring back what a server has sealed. */
const hmacGraceMs = 900_000;

type Values = Pick<
  Blueprint,
  | "hmac"
  | "salt"
  | "keys"
  | "ownKeys"
  | "previousKeys"
  | "verifierKey"
  | "furtherVerifierKeys"
  | "dashboard"
  | "formerDashboard"
  | "variables"
>;

/** Everything secret of a resource. Stored values are kept; missing ones are made. */
export function secretValues(resource: CachedResource, parts: Parts): Values {
  const { cluster, referred } = parts;
  const { name, spec } = resource;
  const file = ownSecret(cluster, resource, namesOf(name).apiKeys)?.secret?.[apiKeyFileName];
  const [nowMs, made] = [parts.now(), maker(resource, parts)];
  const isTold = (key: string) => file?.includes(hashedKey(key)) ?? false;
  const spread = parts.settings.keySpreadMs ?? spreadMs;
  const { auth } = spec.server;
  const hmac = made(namesOf(name).hmac, "secret", {
    isTold: (secret) => isTold(verifierKeyOf(secret)),
    spreadMs: spread,
    graceMs: parts.settings.hmacGraceMs ?? hmacGraceMs,
    everyDays: spec.bridge.hmacRotationDays,
  });
  const keys = new Map(
    auth.clients
      .filter((client) => keyRefOf(client) === undefined)
      .map(({ name: client }) => [
        client,
        made(namesOf(name).connection(client), "key", { isTold, spreadMs: spread, everyDays: auth.rotationDays }),
      ]),
  );
  const taken = new Set([...keys.values()].flatMap(valuesIn).map(hashedKey));
  const own = ownKeys(auth.clients, { referred, taken, stored: file });
  const present = new Set([...taken, ...[...own.values()].flatMap(({ hash }) => hash ?? [])]);
  const heldBy = (client: string) => ownSecret(cluster, resource, namesOf(name).connection(client))?.secret?.key ?? [];
  const held = new Set([...keys.keys()].flatMap(heldBy).map(hashedKey));
  const [verifierKey = "", ...furtherVerifierKeys] = valuesIn(hmac).map(verifierKeyOf);
  // No use of it lasts: whoever opens the dashboard again gives the present one.
  const { mode, rotationDays: everyDays } = spec.monitoring.dashboard;
  const password = made(namesOf(name).dashboard, "password", { isTold: () => true, spreadMs: 0, everyDays });
  const salt = refersToValues(spec) ? keptSalt(resource, parts) : undefined;
  return {
    ...{ hmac, salt, keys, ownKeys: own, verifierKey, furtherVerifierKeys },
    previousKeys: previousKeys(file, { auth, present, held, now: nowMs }),
    ...(mode === "Enabled" ? { dashboard: { password } } : { dashboard: undefined, formerDashboard: { password } }),
    variables: salt === undefined ? undefined : variablesOf(resource, salt, parts),
  };
}

const verifierKeyOf = (hmac: string) => createHmac("sha256", hmac).update("verifier").digest("hex");

type Rules = Omit<Parameters<typeof generatedValue>[1], "kept" | "now">;

/** Makes the value of a Secret of the resource, under a key of its data. */
function maker(resource: CachedResource, { cluster, generated, now }: Parts) {
  const { uid } = resource;
  return (secret: string, key: string, rules: Rules): GeneratedValue =>
    generatedValue(storedValue(key, ownSecret(cluster, resource, secret)), {
      ...rules,
      kept: (kind, stored) => generated.value(uid, kind === "current" ? secret : `${secret}/${kind}`, stored),
      now: now(),
    });
}

function keptSalt(resource: CachedResource, { cluster, generated }: Parts): string {
  const { hmac } = namesOf(resource.name);
  return generated.value(resource.uid, `${hmac}/salt`, ownSecret(cluster, resource, hmac)?.secret?.salt);
}

function variablesOf(resource: CachedResource, salt: string, { cluster, referred }: Parts): Blueprint["variables"] {
  const { name, spec } = resource;
  const [server, bridge] = [
    ownChild(cluster, resource, types.deployments, namesOf(name).server),
    ownChild(cluster, resource, types.statefulSets, namesOf(name).bridge),
  ].map((child) => child?.state.workload?.variables);
  const ofServer = variablesMark(spec.server, { referred, salt, present: server });
  const ofBridge = variablesMark(spec.bridge, { referred, salt, present: bridge });
  return { ...(ofServer ? { "mcp-server": ofServer } : {}), ...(ofBridge ? { bridge: ofBridge } : {}) };
}

/** Values are read only from Secrets that are ours, or were handed over to us. */
function ownSecret(cluster: Cluster, { namespace, name, uid }: CachedResource, secret: string) {
  const child = cluster.child(types.secrets, namespace, secret);
  const handedOver = child?.controllerUid === "" && child.heir === name;
  return child?.controllerUid === uid || handedOver ? child?.state : undefined;
}

/** Whether a generated value is in the Secret that it is for. */
export const isStored = (cluster: Cluster, resource: CachedResource) => (secret: string, value: string) =>
  Object.values(ownSecret(cluster, resource, secret.replace(/\/.*/, ""))?.secret ?? {}).includes(value);

/** What conditions say of the secrets. */
export function secretsSnapshotOf(
  resource: CachedResource,
  { cluster, ownKeys: own, now }: { cluster: Cluster; ownKeys: Blueprint["ownKeys"]; now: () => number },
): SecretsSnapshot {
  const rotationOf = (secret: string) => ownSecret(cluster, resource, secret)?.rotation;
  return { ages: secretAges(resource.name, resource.spec, rotationOf), ownKeys: own, nowMs: now() };
}
