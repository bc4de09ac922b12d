import { type ImportedKeys, importedKeys } from "../adoption/imported-keys.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import type { Certificate } from "../exposure/certificate.ts";
import { tlsSecretOf } from "../exposure/exposure.ts";
import type { Acceptance } from "../image/acceptance.ts";
import type { Verdict } from "../receiving/arbitration.ts";
import type { ReconcileParts } from "../reconcile-parts.ts";
import { referredConfigMapsOf, referredSecretsOf } from "../references/referred-secrets.ts";
import type { Referred } from "../secrets/referred-values.ts";
import type { TokenSecret } from "../snapshot.ts";

/** What has to be read or asked before a resource can be looked at. */
export type Found = {
  readonly tokenSecret: TokenSecret;
  /** Of an Ingress; undefined without one. */
  readonly certificate: Certificate | undefined;
  readonly referred: Referred;
  /** Whether its bridge may receive; undefined while nobody can tell. */
  readonly verdict: Verdict | undefined;
  readonly image: Acceptance;
  readonly imported: ImportedKeys;
};

/** What one pass knows of a resource: what was found, and the cluster at this moment. */
export type Known = Found & Pick<ReconcileParts, "cluster" | "settings" | "now">;

/** Together with what could not be read, which does not stop anything else. */
export async function foundFor(
  parts: ReconcileParts,
  resource: CachedResource,
): Promise<{ found: Found; failures: unknown[] }> {
  const { failures, ...secrets } = await secretsOf(parts, resource);
  const verdict = await parts.arbiter.verdict(resource);
  const image = await parts.images.acceptance(resource);
  const imported = await importedKeys(resource, parts.formerKeys);
  return { found: { ...secrets, verdict, image, imported }, failures };
}

/** The needed content of users' Secrets. An error is returned as a failure and does not stop anything else. */
async function secretsOf(
  { tokenSecrets, certificates, referredValues }: ReconcileParts,
  { namespace, name, spec }: CachedResource,
): Promise<Pick<Found, "tokenSecret" | "certificate" | "referred"> & { failures: unknown[] }> {
  const tlsSecret = tlsSecretOf(name, spec);
  const reading = referredValues.read(namespace, {
    secrets: referredSecretsOf(spec),
    configMaps: referredConfigMapsOf(spec),
  });
  const [token, certificate] = await Promise.allSettled([
    tokenSecrets.state(namespace, spec.telegram.botTokenSecretRef),
    tlsSecret === undefined ? undefined : certificates.get(namespace, tlsSecret),
  ]);
  const { referred, failures } = await reading;
  const missing: Certificate | undefined = tlsSecret === undefined ? undefined : { state: "Missing" };
  return {
    tokenSecret: token.status === "fulfilled" ? token.value : "Unknown",
    certificate: certificate.status === "fulfilled" ? (certificate.value ?? missing) : undefined,
    referred,
    failures: [
      ...failures,
      ...[token, certificate].flatMap((each) => (each.status === "rejected" ? [each.reason] : [])),
    ],
  };
}
