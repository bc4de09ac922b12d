import type { Blueprint } from "../blueprint.ts";
import type { CachedChild, CachedResource } from "../cache/cached-objects.ts";
import type { Cluster } from "../cache/cluster.ts";
import { ownChild } from "../cache/own-child.ts";
import { namesOf } from "../names.ts";
import * as types from "../resource-types.ts";
import { servingDeployment } from "../rollout/tracks.ts";
import { valuesIn } from "../secrets/generated-value.ts";
import type { Settings } from "../settings.ts";
import type { Certificate } from "./certificate.ts";
import { exposureOf, gatewaysOf } from "./exposure.ts";
import type { ExposureTarget } from "./probe.ts";
import type { ExposureSnapshot } from "./problems.ts";
import type { ExposureState } from "./state.ts";

/** What the controllers report; undefined while our object does not exist. */
export function exposureStateOf(cluster: Cluster, resource: CachedResource): ExposureState | undefined {
  const { name, namespace, spec } = resource;
  const names = namesOf(name);
  switch (spec.exposure.mode) {
    case "Ingress":
      return stateOf(ownChild(cluster, resource, types.ingresses, names.server));
    case "LoadBalancer":
      return stateOf(ownChild(cluster, resource, types.services, names.external));
    case "HTTPRoute": {
      const route = stateOf(ownChild(cluster, resource, types.httpRoutes, names.server));
      const gateways = gatewaysOf(namespace, spec).flatMap((each) => cluster.gateway(each.namespace, each.name) ?? []);
      return route && { ...route, addresses: [...new Set(gateways.flatMap(({ addresses }) => addresses))] };
    }
    default:
      return undefined;
  }
}

const stateOf = (child: CachedChild | undefined): ExposureState | undefined =>
  child && (child.state.exposure ?? { addresses: [], parents: [] });

/** A failure that lasts this long is not a normal state of a start. */
const graceMs = 60_000;

export function exposureSnapshotOf(
  resource: CachedResource,
  parts: { cluster: Cluster; settings: Settings; certificate: Certificate | undefined; now: () => number },
): ExposureSnapshot | undefined {
  const { cluster, settings, certificate } = parts;
  const { namespace, spec, status } = resource;
  if (spec.exposure.mode === "None") return undefined;
  const nowMs = parts.now();
  const before = status.conditions?.find(({ type }) => type === "Exposed");
  const failingSince = before?.status === "False" ? Date.parse(before.lastTransitionTime) : nowMs;
  return {
    hasHttpRoute: cluster.has(types.httpRoutes),
    state: exposureStateOf(cluster, resource),
    unseen: gatewaysOf(namespace, spec).flatMap(({ namespace, name }) =>
      cluster.gateway(namespace, name) ? [] : [`the operator sees no Gateway ${namespace}/${name}, and so no address`],
    ),
    certificate: certificate?.state,
    isProbed: settings.probeExposure ?? true,
    lasting: nowMs - failingSince >= graceMs,
    settlesInMs: Math.max(0, failingSince + graceMs - nowMs),
    nowMs,
  };
}

/** The target of the probe; undefined while nothing can answer. */
export function exposureTargetOf(
  resource: CachedResource,
  { isProbed, state, certificate: certificateState }: ExposureSnapshot,
  parts: { cluster: Cluster; certificate: Certificate | undefined; hmac: Blueprint["hmac"] },
): ExposureTarget | undefined {
  const { namespace, name, uid, spec } = resource;
  const exposure = exposureOf(name, spec);
  const server = ownChild(parts.cluster, resource, types.deployments, servingDeployment(name, resource.status.rollout))
    ?.state.workload;
  const isCertified = certificateState === undefined || certificateState === "Present";
  if (!exposure || !isProbed || !isCertified || !state?.addresses.length || !server?.ready) return undefined;
  const { scheme, host, port, basePath } = exposure;
  const certificate = parts.certificate?.fingerprint;
  return {
    namespace,
    name,
    uid,
    scheme,
    host,
    addresses: state.addresses,
    port,
    basePath,
    secrets: valuesIn(parts.hmac),
    certificate,
  };
}
