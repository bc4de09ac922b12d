import fc from "fast-check";
import { hashedKey } from "../../../../contract/api-key.ts";
import { deploymentSpec } from "../../../../operator/api/spec.ts";
import type { Blueprint } from "../../../../operator/deployment/blueprint.ts";
import { urlOf } from "../../../../operator/deployment/exposure/exposure.ts";
import { imageOf } from "../../../../operator/deployment/image/reference.ts";
import { keyRefOf } from "../../../../operator/deployment/secrets/own-keys.ts";
import { canonicalQuantity } from "../../../../operator/runtime/quantity.ts";
import { arbitrarySpec } from "./arbitrary-spec.ts";

const image = "docker.io/cctelegram/server:1.2.3";

const dashboard = { password: { current: "e".repeat(64) } };

/** A key per client that looks like a generated one. */
const keysOf = (spec: Blueprint["spec"]) =>
  new Map(
    spec.server.auth.clients.flatMap(({ name, keySecretRef }, index) =>
      keySecretRef ? [] : [[name, { current: `${index}`.padStart(64, "a") }] as const],
    ),
  );

/** The key that a client has in a Secret of its own. */
export const ownKeyOf = (index: number) => `${index}`.padStart(64, "b");

const ownKeysOf = (spec: Blueprint["spec"]): Blueprint["ownKeys"] =>
  new Map(
    spec.server.auth.clients.flatMap((client, index) => {
      const ref = keyRefOf(client);
      return ref ? [[client.name, { ref, state: "Usable", hash: hashedKey(ownKeyOf(index)) }] as const] : [];
    }),
  );

/** The blueprint of a resource with this spec; everything else is as the operator would gather it. */
export function blueprint(spec: Blueprint["spec"], fields: Partial<Blueprint> = {}): Blueprint {
  return {
    namespace: "tools",
    name: "team",
    uid: "6a9e5b1e-0000-4000-8000-000000000000",
    spec,
    image: imageOf(spec, image),
    telegramApiUrl: spec.telegram.apiUrl,
    hmac: { current: "b".repeat(64) },
    keys: keysOf(spec),
    ownKeys: ownKeysOf(spec),
    previousKeys: [],
    verifierKey: "c".repeat(64),
    dashboard: spec.monitoring.dashboard.mode === "Enabled" ? dashboard : undefined,
    formerDashboard: spec.monitoring.dashboard.mode === "Enabled" ? undefined : dashboard,
    serverReplicas: 1,
    bridge: "Apply",
    hasPrometheusRule: true,
    hasServiceMonitor: true,
    hasScaledObject: true,
    claimSize: canonicalQuantity(String(spec.bridge.storage.size)),
    hasHttpRoute: true,
    url: urlOf({ namespace: "tools", name: fields.name ?? "team", spec }, []),
    ...fields,
  };
}

export const specOf = (fields: object = {}) =>
  deploymentSpec.parse({ telegram: { botTokenSecretRef: { name: "telegram" }, allowedUsers: [123456789] }, ...fields });

export const arbitraryBlueprint: fc.Arbitrary<Blueprint> = fc
  .tuple(
    arbitrarySpec,
    fc.record({
      name: fc.stringMatching(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/),
      bridge: fc.constantFrom("Apply", "Keep", "Wait"),
      hasServiceMonitor: fc.boolean(),
      hasPrometheusRule: fc.boolean(),
      updates: fc.constantFrom(undefined, "Polling", "Webhook", "None"),
    }),
    fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
    fc.boolean(),
  )
  .map(([spec, fields, serverReplicas, rotated]) =>
    blueprint(spec, { ...fields, serverReplicas, previousKeys: rotated ? previousKeysOf(spec) : [] }),
  );

/** What a client's key was before that of {@link keysOf}. */
export const previousKeyOf = (index: number) => `${index}`.padStart(64, "f");

const previousKeysOf = (spec: Blueprint["spec"]) =>
  spec.server.auth.clients.map(({ name }, index) => ({
    client: name,
    hash: hashedKey(previousKeyOf(index)),
    expires: "2026-12-01T00:00:00.000Z",
  }));
