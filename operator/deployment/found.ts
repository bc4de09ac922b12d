import { importedKeys } from "./adoption/imported-keys.ts";
import type { CachedResource } from "./cache/cached-objects.ts";
import type { Certificate } from "./exposure/certificate.ts";
import { tlsSecretOf } from "./exposure/exposure.ts";
import type { ReconcileParts } from "./reconcile-parts.ts";
import { referredConfigMapsOf, referredSecretsOf } from "./references/referred-secrets.ts";
import type { Referred } from "./secrets/referred-values.ts";
import type { TokenSecret } from "./snapshot.ts";

/** What has to be read or asked for a blueprint. */
export async function foundFor(parts: ReconcileParts, resource: CachedResource) {
  const secrets = await secretsOf(parts, resource);
  return {
    ...secrets,
    verdict: await parts.arbiter.verdict(resource),
    image: await parts.images.acceptance(resource),
    imported: await importedKeys(resource, parts.formerKeys),
  };
}

/** The needed content of users' Secrets. An error is returned as a failure and does not stop anything else. */
async function secretsOf(
  { tokenSecrets, certificates, referredValues }: ReconcileParts,
  { namespace, name, spec }: CachedResource,
): Promise<{
  tokenSecret: TokenSecret;
  certificate: Certificate | undefined;
  referred: Referred;
  failures: unknown[];
}> {
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
