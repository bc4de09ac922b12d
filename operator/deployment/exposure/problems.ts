import type { Check } from "../problems.ts";
import type { Snapshot } from "../snapshot.ts";
import { exposureOf, gatewaysOf } from "./exposure.ts";
import type { ExposureState, ParentState } from "./state.ts";

/** Everything that is known of the way in from outside; undefined when none is asked for. */
export type ExposureSnapshot = {
  /** The definition of HTTPRoute is installed. */
  readonly hasHttpRoute: boolean;
  /** What the controllers say; undefined while there is no object of ours. */
  readonly state: ExposureState | undefined;
  /** Gateways that the operator cannot look at, in words. */
  readonly unseen: readonly string[];
  /** State of the Secret with the certificate; undefined where there is none to be. */
  readonly certificate: "Present" | "Missing" | "Unusable" | undefined;
  /** Whether addresses may be looked at at all. */
  readonly isProbed: boolean;
  /** It has not answered for a while: what starts does not either. */
  readonly lasting: boolean;
  /** In how many ms that will be so, if it goes on not to answer. */
  readonly settlesInMs: number;
  readonly nowMs: number;
};

const problem = (reason: string, message: string) => ({ reason, message });

/** A check of the way in; nothing is wrong where none is asked for. */
const ofExposure =
  (check: (exposure: ExposureSnapshot, snapshot: Snapshot) => ReturnType<Check>): Check =>
  (snapshot) =>
    snapshot.exposure && check(snapshot.exposure, snapshot);

const definitionIsMissing = ofExposure(({ hasHttpRoute }, { resource }) =>
  resource.spec.exposure.mode !== "HTTPRoute" || hasHttpRoute
    ? undefined
    : problem(
        "GatewayAPINotInstalled",
        "the definition httproutes.gateway.networking.k8s.io is not installed: install the Gateway API, version 1.0 or newer, and a controller for it",
      ),
);

const isNotMade = ofExposure(({ state }, { resource }) =>
  state ? undefined : problem("NotCreated", `the ${objectOf(resource.spec.exposure.mode)} does not exist yet`),
);

const objectOf = (mode: string) => (mode === "LoadBalancer" ? "Service for the load balancer" : mode);

const routeIsNotAccepted = ofExposure(({ state }, { resource }) => {
  const wanted = gatewaysOf(resource.namespace, resource.spec);
  for (const gateway of wanted) {
    const parent = state?.parents.find((each) => isSame(each, gateway));
    const name = `Gateway ${gateway.namespace}/${gateway.name}`;
    if (!parent)
      return problem(
        "RouteNotAccepted",
        `${name} says nothing of the route: see whether it exists, and whether its GatewayClass has a controller that runs`,
      );
    if (parent.problem) {
      const { type, reason, message } = parent.problem;
      return problem(type === "Accepted" ? "RouteNotAccepted" : "RouteNotResolved", `${name}: ${reason}: ${message}`);
    }
  }
  return undefined;
});

const isSame = (parent: ParentState, wanted: ReturnType<typeof gatewaysOf>[number]) =>
  parent.namespace === wanted.namespace &&
  parent.name === wanted.name &&
  parent.sectionName === wanted.sectionName &&
  parent.port === wanted.port;

const certificateIsMissing = ofExposure(({ certificate }, { resource }) => {
  const { tls } = resource.spec.exposure;
  const secret = exposureOf(resource.name, resource.spec)?.tlsSecret;
  if (certificate === "Unusable")
    return problem(
      "CertificateUnusable",
      `Secret ${secret} has no certificate under the key tls.crt: see where it comes from`,
    );
  if (certificate !== "Missing") return undefined;
  if (tls?.secretName !== undefined)
    return problem(
      "CertificateNotFound",
      `Secret ${secret} does not exist: kubectl -n ${resource.namespace} create secret tls ${secret} --cert=<file> --key=<file>`,
    );
  return problem(
    "CertificateNotFound",
    `cert-manager has not made Secret ${secret} yet: kubectl -n ${resource.namespace} describe certificate ${secret}`,
  );
});

const hasNoAddress = ofExposure(({ state, unseen }, { resource }) => {
  if (!state || state.addresses.length > 0 || unseen.length > 0) return undefined;
  const { mode, ingressClassName } = resource.spec.exposure;
  const remedies: Readonly<Record<string, string>> = {
    Ingress: `no controller has given the Ingress an address: see whether IngressClass ${ingressClassName ?? "(the default one)"} exists and its controller runs`,
    HTTPRoute: "the Gateway has no address: see its conditions",
    LoadBalancer: "the Service has no address: see whether the cluster has load balancers, and the Service's events",
  };
  return problem("NoAddress", remedies[mode] ?? "there is no address");
});

const doesNotAnswer: Check = ({ exposureProbe }) =>
  exposureProbe?.answered === false ? problem(exposureProbe.reason, exposureProbe.message) : undefined;

/** Steps from the object to the answer, in their order. */
const steps: readonly Check[] = [
  definitionIsMissing,
  isNotMade,
  routeIsNotAccepted,
  certificateIsMissing,
  hasNoAddress,
  doesNotAnswer,
];

/** The first step that does not hold. */
export const exposureProblem: Check = (snapshot) =>
  snapshot.exposure && steps.map((check) => check(snapshot)).find((found) => found !== undefined);

/** The same when it has been so for a while. */
export const isNotExposed: Check = (snapshot) => (snapshot.exposure?.lasting ? exposureProblem(snapshot) : undefined);

/** Renewal comes earlier, where it works. */
const warnedBeforeMs = 14 * 24 * 60 * 60 * 1000;

export const certificateEndsSoon: Check = ({ exposure, exposureProbe }) => {
  if (!exposure || !exposureProbe?.answered || exposureProbe.certificateEnds === undefined) return undefined;
  if (Date.parse(exposureProbe.certificateEnds) - exposure.nowMs > warnedBeforeMs) return undefined;
  return problem(
    "CertificateEndsSoon",
    `the certificate ends on ${exposureProbe.certificateEnds.slice(0, 10)}: renew it`,
  );
};

/** A day: no timer is asked to wait for longer. */
const mostMs = 24 * 60 * 60 * 1000;

/** In how many ms time alone makes a difference: a start has lasted too long, or the end of a certificate has come near. */
export function exposureLookAgainMs(snapshot: Snapshot): number | undefined {
  const { exposure, exposureProbe } = snapshot;
  if (!exposure) return undefined;
  if (exposureProblem(snapshot)) return exposure.lasting ? undefined : exposure.settlesInMs;
  if (!exposureProbe?.answered || exposureProbe.certificateEnds === undefined) return undefined;
  const warnInMs = Date.parse(exposureProbe.certificateEnds) - warnedBeforeMs - exposure.nowMs;
  return warnInMs > 0 ? Math.min(warnInMs, mostMs) : undefined;
}
