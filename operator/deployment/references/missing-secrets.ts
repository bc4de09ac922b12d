import { secretsOfRestore } from "../backup/restore-source.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import type { Cluster } from "../cache/cluster.ts";
import type { Snapshot } from "../snapshot.ts";
import { secretsOfVariables } from "./referred-secrets.ts";

/** Secrets that a resource refers to, and that are not there, each with the field that does. */
export function missingSecretsOf({ namespace, spec }: CachedResource, cluster: Cluster): Snapshot["missingSecrets"] {
  const referred = {
    "server.env": secretsOfVariables(spec.server),
    "bridge.env": secretsOfVariables(spec.bridge),
    restoreFrom: spec.restoreFrom === undefined ? [] : secretsOfRestore(spec.restoreFrom),
  };
  return Object.entries(referred).flatMap(([field, names]) =>
    names.filter((name) => cluster.secret(namespace, name) === undefined).map((name) => ({ name, field })),
  );
}
