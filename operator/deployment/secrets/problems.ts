import type { DeploymentSpec } from "../../api/spec.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Check, Problem } from "../status/check.ts";
import type { SecretAge } from "./ages.ts";
import type { OwnKey } from "./own-keys.ts";

/** Everything that is known about secrets. */
export type SecretsSnapshot = {
  readonly ages: readonly SecretAge[];
  /** By name of the client. */
  readonly ownKeys: ReadonlyMap<string, OwnKey>;
  readonly nowMs: number;
};

/** Whether there is anything about its secrets that can become wrong with time, or by a user's Secret. */
export const hasSecretsToWatch = ({ server, bridge, monitoring }: DeploymentSpec): boolean =>
  server.auth.rotationDays !== undefined ||
  bridge.hmacRotationDays !== undefined ||
  (monitoring.dashboard.mode === "Enabled" && monitoring.dashboard.rotationDays !== undefined) ||
  server.auth.clients.some(({ expires, keySecretRef }) => expires !== undefined || keySecretRef !== undefined);

const dayMs = 86_400_000;
/** Time to hand out another key, or to ask for a longer one. */
const warnedBeforeMs = 7 * dayMs;
/** A rotation takes minutes; one that is held up for a day does not go on by itself. */
const overdueMs = dayMs;

const problem = (reason: string, message: string): Problem => ({ reason, message });
const dateOf = (time: string) => time.slice(0, 10);

const ofSecrets =
  (check: (secrets: SecretsSnapshot, snapshot: Snapshot) => ReturnType<Check>): Check =>
  (snapshot) =>
    snapshot.secrets && check(snapshot.secrets, snapshot);

/** Of clients that may call at all. */
const enabled = ({ resource }: Snapshot): ReadonlySet<string | undefined> =>
  new Set(resource.spec.server.auth.clients.flatMap(({ name, access }) => (access === "Disabled" ? [] : [name])));

/** A client is refused because of what its Secret holds. */
export const ownKeyIsUnusable = ofSecrets(({ ownKeys }, snapshot) => {
  const clients = enabled(snapshot);
  for (const [client, key] of ownKeys) {
    const found = clients.has(client) ? unusable(client, key, snapshot.resource.namespace) : undefined;
    if (found) return found;
  }
  return undefined;
});

function unusable(client: string, key: OwnKey, namespace: string): Problem | undefined {
  const { ref } = key;
  const held = `Secret ${ref.name}, which keySecretRef of client ${client} names,`;
  const until = "Until then the client is refused";
  switch (key.state) {
    case "SecretMissing": {
      const command = `kubectl -n ${namespace} create secret generic ${ref.name} --from-literal=${ref.key}=<key>`;
      return problem("KeySecretNotFound", `${held} does not exist: ${command}. ${until}`);
    }
    case "KeyMissing":
      return problem("KeyNotFound", `${held} has no value under ${ref.key}: add it, or set keySecretRef.key. ${until}`);
    case "Unusable":
      return problem(
        "KeyUnusable",
        `${held} has no usable key under ${ref.key}: ${key.problem}. Make one with openssl rand -hex 32. ${until}`,
      );
    case "Taken":
      return problem(
        "KeyTaken",
        `${held} has the key of another client under ${ref.key}: give each client a key of its own. ${until}`,
      );
    default:
      return undefined;
  }
}

/** The present and the next one to end, in the order in which they end. */
export const keyEnds = ofSecrets(({ ages, nowMs }, snapshot) => {
  const clients = enabled(snapshot);
  const [first] = ages
    .flatMap(({ client, expires }) => (expires !== undefined && clients.has(client) ? [{ client, expires }] : []))
    .sort((one, other) => Date.parse(one.expires) - Date.parse(other.expires));
  if (first === undefined || Date.parse(first.expires) - nowMs > warnedBeforeMs) return undefined;
  const remedy = "set a later expires for it, or remove the client";
  return Date.parse(first.expires) <= nowMs
    ? problem("KeyExpired", `the keys of client ${first.client} ended on ${dateOf(first.expires)}: ${remedy}`)
    : problem("KeyExpiresSoon", `the keys of client ${first.client} end on ${dateOf(first.expires)}: ${remedy}`);
});

/** A value that its schedule should have replaced long ago. */
export const overdueRotation = ({ ages, nowMs }: SecretsSnapshot): SecretAge | undefined =>
  ages.find(({ rotates }) => rotates !== undefined && Date.parse(rotates) + overdueMs <= nowMs);

export const rotationIsOverdue = ofSecrets((secrets) => {
  const late = overdueRotation(secrets);
  if (late?.rotates === undefined) return undefined;
  const remedy = "see the other conditions, and that reconciliation is Active";
  return problem(
    "RotationOverdue",
    `Secret ${late.name} should have a new value since ${dateOf(late.rotates)}: ${remedy}`,
  );
});

/** When what is said of the clients' keys changes with time alone, in milliseconds since the epoch. */
export const warningsAt = ({ server }: DeploymentSpec): readonly number[] =>
  server.auth.clients.flatMap(({ expires, access }) =>
    expires === undefined || access === "Disabled" ? [] : [Date.parse(expires) - warnedBeforeMs, Date.parse(expires)],
  );
